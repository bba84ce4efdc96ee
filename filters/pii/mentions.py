"""Mentions of users: @name, outside of code, tags and annotations."""

import re2

from filters.pii.context import WORD, Context, Hit

TAG = 300  # bytes of a tag that are read


# At-rules, annotations and tags that read like a mention.
# fmt: off
NOT_MENTIONS = frozenset((
    "abstractmethod", "after", "afterall", "aftereach", "api", "apply", "author", "autoreleasepool",
    "autowired", "bean", "before", "beforeall", "beforeeach", "builder", "cached_property", "charset",
    "classmethod", "column", "component", "configuration", "container", "contextmanager", "controller",
    "data", "dataclass", "default", "deletemapping", "deprecated", "each", "else", "end", "entity",
    "example", "extend", "final", "font_face", "forward", "function", "functionalinterface", "getmapping",
    "getter", "id", "implementation", "import", "include", "inheritdoc", "inject", "interface", "internal",
    "keyframes", "layer", "link", "lru_cache", "media", "mixin", "nonnull", "notnull", "nullable", "objc",
    "overload", "override", "overrides", "page", "param", "parameterizedtest", "params", "pathvariable",
    "postmapping", "private", "property", "protected", "protocol", "public", "putmapping", "pytest",
    "repository", "requestbody", "requestmapping", "requestparam", "responsebody", "restcontroller",
    "return", "returns", "safevarargs", "see", "selector", "service", "setter", "since",
    "springbootapplication", "static", "staticmethod", "supports", "suppresswarnings", "synthesize",
    "table", "tailwind", "test", "throws", "todo", "transactional", "type", "typedef", "typeparam", "use",
    "valid", "version", "wraps",
))
# fmt: on


def mention(text: Context, start: int) -> tuple[Hit | None, int]:
    """A mention whose @ stands at start, and where to go on."""
    data = text.data
    end = start + 1
    while end < len(data) and data[end] in WORD and end - start <= 31:
        end += 1
    if data[end : end + 1] == b"@" or (data[start - 1 : start] == b"[" and data[end : end + 1] == b"]"):
        return None, end  # @VARIABLE@ of a template, [@host] of a syntax
    name = data[start + 1 : end]
    line = data.rfind(b"\n", max(0, start - 40), start) + 1
    if data[end : end + 1] == b"." and data[end + 1 : end + 2].isalpha() and not data[line:start].strip():
        return None, end  # a decorator: @torch.no_grad
    if len(name) > 30 or len(name) < 3 or name.lower().decode() in NOT_MENTIONS:
        return None, end
    if _CODE.match(data, start) is not None or _in_tag(data, start, end) or text.in_code(start, end):
        return None, end
    if _DOTTED.match(data, end) is not None and (_DOMAIN.match(data, end) is not None or text.has_code()):
        return None, end  # @example.com, @asyncio.coroutine
    if _NAMED_BEFORE.search(text.before(start, 48)) is not None or _NAMED_BEHIND.match(data, end) is not None:
        return None, end
    return Hit("mention", start, end), end


_DOTTED = re2.compile(r"\.[a-z_]")
_DOMAIN = re2.compile(r"(?:\.[a-z0-9-]+)*\.(?:com|net|org|edu|gov|io|kr|jp|de|uk|fr)\b")
# Signs that it is not a user but a decorator, an annotation, a tag
_NAMED_BEFORE = re2.compile(
    r"(?i)(?:decorat(?:e|es|ed|or|ors|ing)|annotat(?:e|ed|ion|ions|ing)|tags?|directives?|at-rules?|macros?|variables?)"
    r"(?: (?:it|with|by|using|the|a|an|as|like|such)){0,4} ?[`'\"(]?$"
    r"|(?:데코레이터|어노테이션|애너테이션|태그|변수)(?:인|는|은|로)? ?$"
)
_NAMED_BEHIND = re2.compile(
    r"(?i)[`'\")]? ?(?:decorat|annotat|tags?\b|directive|at-rule|syntax|macro|variable"
    r"|데코레이터|어노테이션|애너테이션|태그|변수)"
)


_CODE = re2.compile(
    r"@(?:[A-Za-z0-9_.:-]{1,90}=[A-Za-z0-9_$\"'{\[]"  # an attribute of a template: @update:modelValue="..."
    r"|[A-Za-z0-9_.]{1,90}\([\x00-\x7F]"  # a decorator; a name in Hangul may stand in brackets after a handle
    r"|[a-z0-9_.-]{1,90}/[a-z0-9]"  # a scoped package
    r"|[A-Za-z0-9_-]{1,60} ?\{)"  # an at-rule, a type in a documentation comment
)


def _in_tag(data: bytes, start: int, end: int) -> bool:
    """Whether this is an attribute inside of a tag: <form @submit.prevent>. What is quoted in a tag is not."""
    opened = data.rfind(b"<", max(0, start - TAG), start)
    if opened < 0 or not data[opened + 1 : opened + 2].isalpha() or not data[start - 1 : start].isspace():
        return False
    before = data[opened:start]
    if b">" in before or before.count(b'"') % 2 or before.count(b"'") % 2:
        return False
    closed = data.find(b">", end, end + TAG)
    return closed >= 0 and data.find(b"<", end, closed) < 0
