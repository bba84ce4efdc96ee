"""Numbers by language: what holds for a document is its language's value, else the strategy's own setting."""

import functools
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, get_args, get_type_hints

import pydantic
from pydantic import Field, field_validator

from filters.contracts import FrozenMap, Judge, SettingsError, Strategy, by_language, fields_marked, strategy

Values = FrozenMap[str, FrozenMap[str, float | None]]
UNDETERMINED = ("", "und")  # no language noted, and none found

VALUES_BY_LANGUAGE = (
    "other values of the settings above for some languages (ISO 639-1); `ko: {}` removes those shipped for Korean"
)


@strategy
class ByLanguage(Strategy):
    """Base of strategies that hold numbers by language.

    Those are the numbers declared with by_language(), and with limit() where the strategy is a judge. A judge with
    thresholds alone declares `languages` with limit() too.
    shipped  the values that ship with the strategy; a language that a user names gets the user's values alone
    """

    shipped: ClassVar[Mapping[str, Mapping[str, float | None]]] = {}
    reads: ClassVar[tuple[str, ...]] = ("language",)

    languages: Values = Field(FrozenMap(), description=VALUES_BY_LANGUAGE)

    @field_validator("languages")
    @classmethod
    def _complete(cls, given: Values) -> Values:
        """The values given, checked like the settings they stand for, and those shipped for other languages."""
        strategy_class: Any = cls
        known = _adapters(strategy_class)
        values: dict[str, FrozenMap[str, float | None]] = {}
        for language, numbers in {**cls.shipped, **given}.items():
            for name in numbers:
                if name not in known:
                    message = f"unknown setting {name} for {language} (known: {', '.join(sorted(known))})"
                    raise SettingsError(message, (language, name))
            values[language] = FrozenMap(
                {name: _checked(known[name], value, (language, name)) for name, value in numbers.items()}
            )
        return FrozenMap(values)

    def value(self, name: str, language: str) -> Any:
        """The value of a setting for documents in a language: None, or a number."""
        own: Mapping[str, float | None] = self.languages.get(language, _NOTHING)
        return own[name] if name in own else getattr(self, name)

    def scoring_settings(self) -> dict[str, Any]:
        """Without the values of thresholds."""
        settings = super().scoring_settings()
        if "languages" not in settings:
            return settings
        limits = self.thresholds if isinstance(self, Judge) else frozenset[str]()
        own: dict[str, FrozenMap[str, float | None]] = {
            language: FrozenMap({name: value for name, value in values.items() if name not in limits})
            for language, values in self.languages.items()
        }
        return {**settings, "languages": FrozenMap({language: values for language, values in own.items() if values})}

    def made_for(self) -> frozenset[str] | None:
        """English, and the languages with values of their own."""
        return frozenset({"en", *(language for language, values in self.languages.items() if values)})

    def english_for(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the languages for which English values would be used."""
        made_for = self.made_for()
        return () if made_for is None else tuple(name for name in languages if name not in {*made_for, *UNDETERMINED})


_NOTHING: Mapping[str, float | None] = {}


def _checked(adapter: pydantic.TypeAdapter[Any], value: Any, path: tuple[str, str]) -> Any:
    try:
        return adapter.validate_python(value)
    except pydantic.ValidationError as error:
        raise SettingsError(f"{error.errors()[0]['msg']}, got {value!r:.80}", path) from None


@functools.cache
def _adapters(cls: Any) -> dict[str, pydantic.TypeAdapter[Any]]:
    """What checks a value for a language, by the name of the setting."""
    marked = fields_marked(cls, by_language)
    thresholds = cls.thresholds if issubclass(cls, Judge) else frozenset[str]()
    hints = get_type_hints(cls)
    found: dict[str, pydantic.TypeAdapter[Any]] = {}
    for name, info in cls.__pydantic_fields__.items():
        if name in marked or (name in thresholds and {int, float} & {hints[name], *get_args(hints[name])}):
            constrained: Any = Annotated[hints[name], *info.metadata]
            found[name] = pydantic.TypeAdapter(constrained)
    return found
