"""What runs in the extraction child: bytes of a page to text, by each library. Imported there only."""

from collections.abc import Callable, Mapping
from typing import Any

from filters.document import Fault
from filters.text.charset import decode
from filters.text.unicode import repair

# A page with more characters than this that nobody could decode is not text.
MAX_REPLACED = 0.01

Extract = Callable[[str], str]


def page_to_text(library: str, options: Mapping[str, Any]) -> Callable[[bytes, str], tuple[str, dict[str, Any]]]:
    """The function from a page's bytes and declared charset to its repaired text and how it was decoded.

    Raises Fault("decode_error") when more than 1 % of the page's or of the text's characters are U+FFFD because the
    page could not be decoded, and what the library's function raises.
    """
    extract = LIBRARIES[library](**options)

    def call(body: bytes, charset: str) -> tuple[str, dict[str, Any]]:
        decoded = decode(body, charset, html=True)
        check_decoded(decoded.replacement_ratio, decoded.encoding)
        text = repair(extract(decoded.text))
        if decoded.replacement_ratio and text:
            check_decoded(text.count("\ufffd") / len(text), decoded.encoding)
        return text, {"encoding": decoded.encoding, "replacement_ratio": decoded.replacement_ratio}

    return call


def check_decoded(replaced: float, encoding: str) -> None:
    """Raise Fault("decode_error") where the share of characters that could not be decoded is above 1 %."""
    if replaced > MAX_REPLACED:
        raise Fault("decode_error", f"{replaced:.1%} of the characters could not be read as {encoding}")


def resiliparse(**options: Any) -> Extract:
    """HTML to text by resiliparse."""
    from resiliparse.extract.html2text import extract_plain_text

    def extract(html: str) -> str:
        text: str = extract_plain_text(html, **options)
        return text

    return extract


def trafilatura(**options: Any) -> Extract:
    """HTML to text by trafilatura. Raises Fault("html_too_deep") and Fault("html_too_big") like `whole`."""
    from trafilatura import extract as extract_text
    from trafilatura import load_html
    from trafilatura.deduplication import LRUCache

    deduplicate = options.pop("deduplicate")

    def extract(html: str) -> str:
        tree = load_html(html)
        if tree is None:
            return ""
        whole(tree)
        # a cache for this page: trafilatura's own goes on from page to page, and texts would depend on their order
        within = LRUCache(maxsize=4096) if deduplicate else False
        return extract_text(tree, deduplicate=within, **options) or ""

    return extract


def justext(*, stoplist: str, **options: Any) -> Extract:
    """HTML to text by jusText: the paragraphs it finds good, one a line.

    stoplist  a language of jusText's lists, "auto" (that of the page's lang attribute), or "none"
    """
    import justext as library
    from justext.core import html_to_dom, preprocessor
    from lxml import etree

    known = {name.lower(): name for name in library.get_stoplists()}
    lists: dict[str, frozenset[str]] = {"": frozenset()}

    def words(name: str) -> frozenset[str]:
        if name not in lists:
            lists[name] = library.get_stoplist(name)
        return lists[name]

    def extract(html: str) -> str:
        try:
            tree = html_to_dom(html)
        except (etree.ParserError, ValueError):  # no element at all
            return ""
        whole(tree)
        name = stoplist if stoplist not in ("auto", "none") else ""
        if stoplist == "auto":
            code = (tree.get("lang") or tree.get("{http://www.w3.org/XML/1998/namespace}lang") or "").lower()
            name = _JUSTEXT_LISTS.get(code.replace("_", "-").partition("-")[0], "")
        stop_words = words(known.get(name.lower(), ""))
        tree = preprocessor(tree)
        paragraphs = library.core.ParagraphMaker.make_paragraphs(tree)
        limits = dict(options)
        if not stop_words:  # jusText's mode without a list: length and links decide
            limits["stopwords_low"] = limits["stopwords_high"] = 0.0
        heading_distance = limits.pop("max_heading_distance")
        library.core.classify_paragraphs(paragraphs, stop_words, **limits)
        library.core.revise_paragraph_classification(paragraphs, heading_distance)
        return "\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_boilerplate)

    return extract


def whole(tree: Any) -> None:
    """Raise Fault when libxml2 read a page only in part: it stops at 255 levels and at a node of 10 MB."""
    for entry in tree.getroottree().parser.error_log:
        if entry.type_name == "ERR_RESOURCE_LIMIT":
            if "epth" in entry.message:
                raise Fault("html_too_deep", "elements are nested in more than 254 levels")
            raise Fault("html_too_big", "a limit of libxml2")


_JUSTEXT_LISTS: dict[str, str] = {}
LIBRARIES: dict[str, Callable[..., Extract]] = {
    "resiliparse": resiliparse,
    "trafilatura": trafilatura,
    "justext": justext,
}
