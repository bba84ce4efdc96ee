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
    name = data[start + 1 : end]
    line = data.rfind(b"\n", max(0, start - 40), start) + 1
    if data[end : end + 1] == b"." and data[end + 1 : end + 2].isalpha() and not data[line:start].strip():
        return None, end  # a decorator: @torch.no_grad
    if len(name) > 30 or len(name) < 3 or name.lower().decode() in NOT_MENTIONS:
        return None, end
    if _CODE.match(data, start) is not None or _in_tag(data, start, end) or text.in_code(start, end):
        return None, end
    return Hit("mention", start, end), end


_CODE = re2.compile(
    r"@(?:[A-Za-z0-9_.:-]{1,90}=[A-Za-z0-9_$\"'{\[]"  # an attribute of a template: @update:modelValue="..."
    r"|[A-Za-z0-9_.]{1,90}\([\x00-\x7F]"  # a decorator; a name in Hangul may stand in brackets behind a handle
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
