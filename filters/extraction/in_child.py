"""What runs in the extraction child: bytes of a page to text, by each library. Imported there only."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import re2

from filters.document import Fault
from filters.extraction.decoding import check_replaced, decoded
from filters.extraction.lone_characters import marked, unmarked
from filters.extraction.sentences import named_in, with_sentences
from filters.extraction.xhtml import XML, as_html
from filters.text.charset import Decoded
from filters.text.unicode import repair, settled

_LETTERS = re2.compile(r"\p{L}+")
_DENSE = re2.compile(r"[\p{Hangul}\p{Han}\p{Hiragana}\p{Katakana}]+")
Extract = Callable[[Decoded], str]

# What no browser shows, by element. Parsers take it for text, tags and all; resiliparse only that of the first two.
_UNSHOWN = ("noembed", "noframes", "iframe", "template", "datalist")
_ANNOTATIONS = ("annotation", "annotation-xml")
# The same formula once more: as KaTeX draws it, for readers by ear (MathJax 2), before it is drawn, as an image.
_FORMULAS_AGAIN = (
    ".katex-mathml + .katex-html",
    ".MathJax .MJX_Assistive_MathML",
    ".MathJax_CHTML .MJX_Assistive_MathML",
    ".MathJax_Preview",
    ".mwe-math-element img",
)


def page_to_text(
    library: str, options: Mapping[str, Any], bare: bool = False
) -> Callable[[bytes, str], tuple[str, dict[str, Any]]]:
    """The function from a page's bytes and label (xhtml.label_of) to its settled text and how it was decoded.

    bare  the text as the library gives it, only repaired

    Raises Fault("decode_error") when more than 1 % of the page's or of the text's characters are U+FFFD because the
    page could not be decoded, and what the library's function raises.
    """
    extract = LIBRARIES[library](bare=bare, **options)
    finish = repair if bare else settled

    def call(body: bytes, label: str) -> tuple[str, dict[str, Any]]:
        markup, _, charset = label.rpartition(":")
        page = decoded(body, charset, html=True)
        if markup == XML and not bare:
            page = replace(page, text=as_html(page.text), utf8=None)
        text = finish(extract(page))
        if page.replacement_ratio and text:
            check_replaced(text.count("\ufffd") / len(text), page.encoding)
        return text, {"encoding": page.encoding, "replacement_ratio": page.replacement_ratio}

    return call


def resiliparse(*, bare: bool, inline_elements: bool = False, **options: Any) -> Extract:
    """HTML to text by resiliparse.

    bare             without the cure for lone characters, and with what no browser shows
    inline_elements  with the inline elements of sentences, see sentences.py
    """
    from resiliparse.extract.html2text import extract_plain_text

    if bare:
        return lambda page: str(extract_plain_text(page.text, **options))
    skipped = options.get("skip_elements") or ()
    options["skip_elements"] = [*skipped, *_UNSHOWN[:2], *_ANNOTATIONS, *_FORMULAS_AGAIN]
    if not options.get("main_content"):  # then it leaves no characters and no elements out
        return lambda page: str(extract_plain_text(page.text, **options))
    if not inline_elements:
        return lambda page: unmarked(str(extract_plain_text(marked(page.text, page.utf8), **options)))
    spared = named_in(skipped)

    def extract(page: Decoded) -> str:
        data = page.text.encode("utf-8", "surrogatepass") if page.utf8 is None else page.utf8
        whole = with_sentences(data, spared)
        text = page.text if whole is data else whole.decode("utf-8", "surrogatepass")
        return unmarked(str(extract_plain_text(marked(text, whole), **options)))

    return extract


def trafilatura(*, bare: bool, **options: Any) -> Extract:
    """HTML to text by trafilatura. Raises Fault("html_too_deep") and Fault("html_too_big") like `whole`."""
    from lxml import etree
    from trafilatura import extract as extract_text
    from trafilatura import load_html
    from trafilatura.deduplication import LRUCache

    deduplicate = options.pop("deduplicate")

    def extract(page: Decoded) -> str:
        tree = load_html(page.text)
        if tree is None:
            return ""
        whole(tree)
        if not bare:
            etree.strip_elements(tree, *_UNSHOWN, with_tail=False)
        # a cache for this page: trafilatura's own goes on from page to page, and texts would depend on their order
        within = LRUCache(maxsize=4096) if deduplicate else False
        return extract_text(tree, deduplicate=within, **options) or ""

    return extract


def justext(*, bare: bool, stoplist: str, dense_scale: float, **options: Any) -> Extract:
    """HTML to text by jusText: the paragraphs it finds good, one a line. Raises Fault like `whole`.

    stoplist     a language of jusText's lists, "auto" (that of the page's lang attribute), or "none"
    dense_scale  factor for the lengths on pages in Korean, Japanese or Chinese
    """
    from justext import core, get_stoplist
    from lxml import etree

    distance = options.pop("max_heading_distance")
    lists: dict[str, frozenset[str]] = {}

    def extract(page: Decoded) -> str:
        try:
            tree = core.html_to_dom(page.text)
        except (etree.ParserError, ValueError):  # no element at all
            return ""
        whole(tree)
        if not bare:
            etree.strip_elements(tree, *_UNSHOWN, *_ANNOTATIONS, with_tail=False)
        paragraphs = core.ParagraphMaker.make_paragraphs(core.preprocessor(tree))
        dense = is_dense("\n".join(paragraph.text for paragraph in paragraphs))
        name, limits = stoplist, options
        if name == "auto":  # templates say lang="en" over Korean text
            name = "none" if dense else stoplist_of(tree)
        if dense:
            limits = {**limits, **{key: round(limits[key] * dense_scale) for key in ("length_low", "length_high")}}
        if name == "none":
            limits = {**limits, "stopwords_low": 0.0, "stopwords_high": 0.0}  # length and links decide
        elif name not in lists:
            lists[name] = get_stoplist(name)
        core.classify_paragraphs(paragraphs, lists.get(name, frozenset()), **limits)
        core.revise_paragraph_classification(paragraphs, distance)
        return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)

    return extract


def is_dense(text: str) -> bool:
    """Whether at least a fifth of a text's letters are Hangul, Han or kana, of which a sentence needs fewer."""
    dense = sum(map(len, _DENSE.findall(text)))
    return dense > 0 and 5 * dense >= sum(map(len, _LETTERS.findall(text)))


def stoplist_of(tree: Any) -> str:
    """The stop list for the language that a page's html element names; "none" where there is none."""
    language = tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or ""
    return STOPLISTS.get(language.strip().lower().replace("_", "-").partition("-")[0], "none")


def whole(tree: Any) -> None:
    """Raise Fault when libxml2 read a page only in part: it stops at 255 levels and at a node of 10 MB."""
    for entry in tree.getroottree().parser.error_log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":
            if "epth" in entry.message:
                raise Fault("html_too_deep", "elements are nested in more than 254 levels")
            raise Fault("html_too_big", "a limit of libxml2")


# jusText's lists by language. Korean is left out though a list exists: function words are written onto other words
# there, and the share of stop words that jusText looks for does not occur.
_LISTS = """
af:Afrikaans an:Aragonese ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali br:Breton bs:Bosnian
ca:Catalan cs:Czech cv:Chuvash cy:Welsh da:Danish de:German el:Greek en:English eo:Esperanto es:Spanish et:Estonian
eu:Basque fa:Persian fi:Finnish fr:French fy:West_Frisian ga:Irish gl:Galician gu:Gujarati he:Hebrew hi:Hindi
hr:Croatian ht:Haitian hu:Hungarian hy:Armenian id:Indonesian io:Ido is:Icelandic it:Italian jv:Javanese ka:Georgian
kk:Kazakh kn:Kannada ku:Kurdish ky:Kyrgyz la:Latin lb:Luxembourgish lt:Lithuanian lv:Latvian mk:Macedonian ml:Malayalam
mr:Marathi ms:Malay mt:Maltese nb:Norwegian_Bokmal ne:Nepali nl:Dutch nn:Norwegian_Nynorsk no:Norwegian_Bokmal
oc:Occitan pl:Polish pt:Portuguese ro:Romanian ru:Russian sk:Slovak sl:Slovenian sq:Albanian sr:Serbian su:Sundanese
sv:Swedish sw:Swahili ta:Tamil te:Telugu tk:Turkmen tl:Tagalog tr:Turkish uk:Ukrainian ur:Urdu uz:Uzbek vi:Vietnamese
"""
STOPLISTS = dict(pair.split(":") for pair in _LISTS.split())
LIBRARIES: dict[str, Callable[..., Extract]] = {
    "resiliparse": resiliparse,
    "trafilatura": trafilatura,
    "justext": justext,
}
