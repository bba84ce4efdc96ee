"""What surrounds the text of Korean (and English) articles: notices, credits, bylines, press tags."""

from collections.abc import Sequence
from typing import Any

import re2

from filters.cleanup.remnants import Edit, outside_any_code, removal
from filters.text.patterns import BLANK as B
from filters.text.patterns import Span, find_in_lines

_EMAIL = r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_CIRCLED_C = r"(?:ⓒ|©|\([cC]\))"


def _loose(pattern: str) -> str:
    """The pattern with any number of blanks where it allows one: what it finds before blanks are made one."""
    return pattern.replace(f"{B}?", f"{B}*").replace(r"\s?", r"\s*")


# --- copyright -------------------------------------------------------------------------------------------------
_INSIDE = r"[^\n()<>\[\]【】〈〉《》＜＞〔〕]*"
_INSIDE = rf"(?:{_INSIDE}\({_INSIDE}\))?{_INSIDE}"  # a pair within, of a company's (주), belongs to it
_BRACKET_PAIRS = ("()", "[]", "<>", "【】", "〈〉", "《》", "＜＞", "〔〕")


# What stands in brackets that close as they open: rules look at what is found, so that none eats on to the next pair
_IN_BRACKETS = re2.compile("|".join(re2.escape(pair[0]) + _INSIDE + re2.escape(pair[1]) for pair in _BRACKET_PAIRS))


_REUSE = (
    r"무단\s?(?:전재|복제|배포|게재|도용|수집)(?:[\s,·ㆍ/&-]|및|또는|와|재배포|배포|복제|복사|전재|수집|이용|활용|게재|변형|"
    r"사용|AI|학습|데이터|DB|화|등|를|을|은|는)*(?:금지|금합니다|금함|불허)[.]?"
)
_OWNER = f"(?:[Cc]opyrights?|COPYRIGHTS?){B}*{_CIRCLED_C}|저작권자?{B}*{_CIRCLED_C}|저작권자{B}*[:=]|ⓒ|©"
COPYRIGHT = f"무단|저작권|ⓒ|©|\\([cC]\\){B}*(?:19|20|\\pL)|(?i:copyright{B}*(?:by{B}+)?[12(]|rights?{B}+reserved)"
_OWNED = re2.compile(f"{B}*(?:{_OWNER}){B}*[\\pL\\pN]")
_PHRASE_ALONE = re2.compile(f"^{B}*{_REUSE}|{_REUSE}{B}*$")
_PHRASE = re2.compile(_REUSE)
_MARK = re2.compile(
    f"{_OWNER}|(?:[Cc]opyrights?|COPYRIGHTS?){B}*(?:by{B}+)?(?:19|20)[0-9][0-9]|\\([cC]\\){B}*(?:19|20)[0-9][0-9]"
)
_RIGHTS_WORDS = re2.compile(f"(?:All|ALL|all){B}+[Rr](?i:ights?){B}+(?i:reserved)[.]?")
_SPEECH = re2.compile(r"[다요죠까음함][.?!]|다[)”\"]|[^.\s]{2}[?!]|[은는이가을를]\s\p{Hangul}+[다요](?:\s|$)")
_STATEMENT = re2.compile(
    r"(?m)^[^\n]*(?:본|이|해당)\s?(?:기사|뉴스|콘텐츠|컨텐츠|사이트|게시물|자료|저작물|웹사이트|홈페이지)[^\n]*저작권은[^\n]*"
    r"에(?:게)?\s?있(?:습니다|음|으며[^\n]*금[^\n]*)[.]?$"
)
_LIST_OF_LETTERS = ("ⓐ", "ⓑ", "ⓓ", "ⓔ", "보기")
# ⓒ에 해당하는, ⓒ. 감자, the © of a sentence: a letter of a list or the sign itself, and nobody's name
_NO_OWNER = re2.compile(
    r"(?:에|의|은|는|이|가|을|를|와|과|로|도|만|에서|에는|부터|까지|에게|으로)(?:\s|$|[,.])|[^\s\p{L}\p{N}]|\s*[a-z][a-z]"
)
_QUOTED_MARK = re2.compile(r"(?:^|[\s(])[\"“‘']$")  # i.e., "Copyright © …": spoken of
_MAX_NOTICE, _MAX_OWNER, _MAX_LINE = 160, 100, 200


def copyright(text: str) -> Edit:
    """Notices of copyright and against reproduction: in brackets anywhere, else at the ends of lines or alone."""
    length = len(text)
    for find in _NOTICES:
        text, _ = removal(text, outside_any_code(text, find(text)))
    return text, length - len(text)


_NOTICE_SIGN = re2.compile(r"ⓒ|©|저작권|무단|\([cC]\)|opyright|OPYRIGHT|(?i:reserved)")


def _bracketed_notices(text: str) -> list[Span]:
    lettered = any(letter in text for letter in _LIST_OF_LETTERS)
    found = []
    for start, end in find_in_lines(_IN_BRACKETS, text, _NOTICE_SIGN):
        notice = text[start + 1 : end - 1]
        if end - start > _MAX_NOTICE or _SPEECH.search(notice) or (lettered and "ⓒ" in notice[:2]):
            continue
        if _OWNED.match(notice) or _PHRASE_ALONE.search(notice):
            found.append((start, end))
    return found


def _line_end(text: str, position: int, within: int, found: Sequence[Span] = ()) -> int:
    """Where the line ends, or the span found last starts, or -1 where that is further than `within` characters away."""
    end = text.find("\n", position, position + within + 1)
    if end < 0 and len(text) - position <= within:
        end = len(text)
    if found and found[-1][0] - position <= within and (end < 0 or found[-1][0] < end):
        end = max(found[-1][0], position)
    return end


def _line_start(text: str, position: int, within: int) -> int:
    """Where the line starts, or -1 where that is further than `within` characters away."""
    start = text.rfind("\n", max(0, position - within - 1), position) + 1
    return start if start or position <= within else -1


_BULLETS = " \t\u00a0\u3000*※■□▶▷◆◇☞•·ㆍ-–—|/,:"


def _reuse_phrases(text: str) -> list[Span]:
    """무단전재 및 재배포 금지, where it ends its line; a line that says nothing else goes whole."""
    found: list[Span] = []
    for start, end in reversed(find_in_lines(_PHRASE, text, _NOTICE_SIGN)):
        line_end = _line_end(text, end, 40, found)
        rest = text[end:line_end].strip(_BULLETS) if line_end >= 0 else "?"
        if rest and not (rest[0] in "ⓒ©<[(" and not _SPEECH.search(rest)):
            continue
        line_start = _line_start(text, start, 60)
        if line_start >= 0 and not text[line_start:start].strip(_BULLETS):
            start = line_start
        found.append((start, max(end, line_end) if not rest else end))
    return found[::-1]


def _rights(text: str) -> list[Span]:
    """All rights reserved at the end of a line, with the owner named before it."""
    found: list[Span] = []
    for start, end in reversed(find_in_lines(_RIGHTS_WORDS, text, _NOTICE_SIGN)):
        line_end = _line_end(text, end, 40, found)
        if line_end < 0 or text[end:line_end].strip(_BULLETS + ".)]>"):
            continue
        line_start = _line_start(text, start, _MAX_OWNER)
        owner = text[line_start:start] if line_start >= 0 else ""
        if line_start >= 0 and not _SPEECH.search(owner) and len(owner.split()) <= 12:
            start = line_start
        elif text[start].islower():
            continue
        found.append((start, line_end))
    return found[::-1]


def _owners(text: str) -> list[Span]:
    """ⓒ Owner at the end of a line: from the mark on."""
    lettered = any(letter in text for letter in _LIST_OF_LETTERS)
    found: list[Span] = []
    for start, end in reversed(find_in_lines(_MARK, text, _NOTICE_SIGN)):
        if (lettered and text[start] == "ⓒ") or (text[start] in "ⓒ©" and _NO_OWNER.match(text[end : end + 24])):
            continue
        line_end = _line_end(text, end, _MAX_OWNER, found)
        if line_end < 0 or _SPEECH.search(text[end:line_end]):
            continue
        line_start = _line_start(text, start, _MAX_LINE)
        before = text[max(line_start, start - 40, 0) : start]
        if line_start >= 0 and not before.strip(_BULLETS + "(<[") and start - line_start <= 8:
            start = line_start
        elif before.rstrip().endswith(("사진", "그래픽", "영상", "이미지", "글")):
            start -= len(before) - len(before.rstrip()) + len(before.split()[-1])
        elif "\t" in before or _QUOTED_MARK.search(before):
            continue  # a cell of a table, a quotation
        elif text[start] not in "ⓒ©" and not before.endswith((" ", ".", "”", '"', ">", ")", "]", "|", "/", "\t")):
            continue
        elif before[-1:].isascii() and before[-1:].isalnum():
            continue  # a brand: Name©
        elif not text[end:line_end].strip(" .") or line_end - end > 60:
            continue
        elif text.endswith(")", end, line_end) and before.rfind("(") > before.rfind(")"):
            start -= len(before) - before.rfind("(")  # (Image: © Owner)
        found.append((start, line_end))
    return found[::-1]


def _statements(text: str) -> list[Span]:
    return [(a, b) for a, b in find_in_lines(_STATEMENT, text, _NOTICE_SIGN) if b - a <= _MAX_LINE]


_NOTICES = (_bracketed_notices, _reuse_phrases, _rights, _owners, _statements)

# --- people and agencies ---------------------------------------------------------------------------------------
_SURNAME = (
    "[김이박최정강조윤장임림한오서신권황안송류유전홍고문양손배백허남심노하곽성차주우구나민진지엄채원천방공현함변염여추도소석선설마길연위표명기반"
    "왕금옥육인맹제모탁국어은편용라양리독사동예경봉부태빈감갈]"
)
_NAME = _SURNAME + r"\p{Hangul}(?:\p{Hangul}{0,2})"
_DESK = (
    r"(?:(?:선임|수습|인턴|전문|객원|대학생|명예|시민|사진|영상|의학|과학|논설|종교|여행|교육|경제|문화|정치|사회|디지털|"
    r"온라인|본지)\s?)"
)
_ROLE = _DESK + r"?(?:전문)?(?:기자|특파원|통신원|논설위원|리포터|에디터|칼럼니스트)"
_SIGNED = f"{_NAME}(?:{B}?[·ㆍ,/]{B}?{_NAME})*{B}?{_ROLE}(?:{B}?[·ㆍ,/]{B}?{_NAME}{B}?{_ROLE})*"
_PLACE = r"[\p{Hangul}A-Za-z]+"
_REPORTER = f"(?:(?:글|취재|사진)(?:{B}?[·ㆍ,/]{B}?(?:사진|글|영상))*{B}?[=:]?{B}?|{_PLACE}{B}?={B}?)?/?{B}?{_SIGNED}"
_DAY = r"(?:19|20)[0-9][0-9] ?[.\-/년] ?[0-9]{1,2} ?[.\-/월] ?[0-9]{1,2} ?[.일]? ?(?:\([월화수목금토일]\))?"
_DATE = (
    r"(?:19|20)[0-9][0-9]\s?[.\-/년]\s?[0-9]{1,2}\s?[.\-/월]\s?[0-9]{1,2}\s?[.일]?"
    r"(?:\s*(?:\([월화수목금토일]\)|오전|오후)?\s*[0-9]{1,2}:[0-9][0-9](?::[0-9][0-9])?)?"
)
_FILED = f"(?:{B}*[|/·,]?{B}*(?:기사)?(?:입력|승인|등록|송고|수정|최종수정|작성)?(?:일|시간)?{B}*:?{B}*{_DATE}{B}*/?)*"
# 기사입력 2021.03.04 15:24 alone on a line; a date without a time may be a heading of a register
_FILED_SIGN = f"(?:입력|승인|등록|송고|수정)(?:일|시간|일시)?{B}*[:：]?{B}*(?:19|20)[0-9]"
_FILED_LINE = re2.compile(
    f"(?m)^{B}*(?:[|/·,]?{B}*(?:기사)?(?:최종)?(?:입력|승인|등록|송고|수정)(?:일|시간|일시)?{B}*[:：]?{B}*{_DAY}{B}*"
    f"(?:오전|오후)?{B}*[0-9]{{1,2}}:[0-9][0-9](?::[0-9][0-9])?{B}*)+$"
)
_MAIL = f"(?:{B}*[|/·,=]?{B}*[(<\\[]?{_EMAIL}[)>\\]]?)"
_STATION = r"(?:KBS|MBC|SBS|YTN|JTBC|OBS|MBN|EBS|CBS|BBS|TBS|TV조선|채널A|연합뉴스TV|G1|KNN|TJB|TBC|JIBS|CJB)"
_ROLE_SIGN = "기자|특파원|통신원|논설위원|리포터|에디터|칼럼니스트"
BYLINE = f"{_ROLE_SIGN}|{_FILED_SIGN}|@[A-Za-z0-9-]+\\.|{_STATION}[^\\n]*니다|(?m:^{B}*B[yY]{B}+[A-Z])"
_BYLINE_LINE = re2.compile(f"(?m)^{B}*[\\[(<【■▶]?{B}*{_REPORTER}{B}*{_MAIL}?{B}*[\\])>】]?{B}*=?{_MAIL}?{_FILED}{B}*$")
_BYLINE_TAIL = re2.compile(
    f"(?m)[.!?。…”\"’'\\])]{B}*[\\[(<【/]?{B}*{_REPORTER}{B}*[\\])>】]?{_MAIL}?{B}*[\\])>】]?{_FILED}{B}*$"
)
_BYLINE_WITH_MAIL = re2.compile(f"(?m){B}[\\[(<【/]?{B}*{_REPORTER}{B}*[\\])>】]?{_MAIL}{B}*[\\])>】]?{_FILED}{B}*$")
_BYLINE_HEAD = re2.compile(f"(?m)^{B}*{_SIGNED}{B}?={B}+")
# after a sentence: neither the ! of a rule for mail nor a quoted argument
_MAIL_TAIL = re2.compile(f"(?m)[\\pL\\pN)\\]%][.!?。…]+[”\"’']?{B}+[(<\\[]?{_EMAIL}[)>\\]]?{B}*$")
_ADDRESS_ALONE = re2.compile(f"{B}*[(<\\[]?{_EMAIL}[)>\\]]?\\s*")
_SIGN_OFF = re2.compile(
    f'(?m)(?:^|[.!?。”"]){B}*(?:지금까지{B}[^\\n.]*)?{_STATION}{B}?(?:뉴스|NEWS|News)?{B}?,?{B}?{_NAME}(?:이었|였)?(?:입|습)니다[.]?{B}*$'
)
_WRITER = r"[A-Z][A-Za-z'’.-]+(?: [A-Z][A-Za-z'’.-]*)+"
_ENGLISH_BYLINE = re2.compile(
    f"(?m)^{B}*B[yY] {_WRITER}(?:(?:,| and| &) {_WRITER})*(?:,? ?[|,/-]? ?(?:(?i:(?:staff|senior|special|contributing|"
    r"political|sports|business|chief)? ?(?:writer|reporter|correspondent|contributor|editor)s?)|(?:The )?Associated "
    f"Press|AP|AFP|Reuters|Bloomberg|Yonhap))(?: (?i:writer|reporter|correspondent))?{B}*$"
)


_ROLE_OR_STATION = re2.compile(f"{_ROLE_SIGN}|{_STATION}")
_AT = re2.compile("@")
_FILED_AT = re2.compile(_FILED_SIGN)
_BY = re2.compile(f"(?m:^{B}*B[yY] [A-Z])")
# The sign of the lines to look into, whether a match begins with the end of the sentence before, the pattern.
_BYLINES: tuple[tuple[Any, bool, Any], ...] = (
    (_ROLE_OR_STATION, False, _BYLINE_HEAD),
    (_ROLE_OR_STATION, False, _BYLINE_LINE),
    (_ROLE_OR_STATION, True, _BYLINE_TAIL),
    (_FILED_AT, False, _FILED_LINE),
    (_AT, False, _BYLINE_WITH_MAIL),
    (_ROLE_OR_STATION, True, _SIGN_OFF),
    (_AT, True, _MAIL_TAIL),
    (_BY, False, _ENGLISH_BYLINE),
)


def bylines(text: str) -> Edit:
    """Reporters' names with what goes with them (place, e-mail, time), e-mail tails, sign-offs of broadcasts.

    Only where they stand alone on a line, after the last sentence of a line, or before a dispatch (이름 기자 = ).
    """
    length = len(text)
    for sign, keep, pattern in _BYLINES:
        found = []
        for start, end in find_in_lines(pattern, text, sign):
            if pattern is _MAIL_TAIL:
                start += len(re2.split(B, text[start:end], maxsplit=1)[0])
            start += keep and text[start] in ".!?。…”\"’'])"
            if end - start <= _MAX_LINE:
                found.append((start, end))
        text, _ = removal(text, outside_any_code(text, found))
    if "@" in text[-_MAX_LINE:]:
        last = text.rstrip().rfind("\n") + 1
        if last and _ADDRESS_ALONE.fullmatch(text, last):
            text, _ = removal(text, outside_any_code(text, [(last, len(text))]))
    return text, length - len(text)


# --- press tags ------------------------------------------------------------------------------------------------
_AGENCY = (
    r"(?:뉴시스|연합뉴스|뉴스1|뉴스핌|노컷뉴스|오마이뉴스|쿠키뉴스|이데일리|머니투데이|아시아경제|헤럴드경제|파이낸셜뉴스|프레시안|[\p{Hangul}A-Za-z0-9]*"
    r"(?:일보|신문|경제|뉴스|방송|투데이|타임스|타임즈|미디어|통신|조선|헤럴드|데일리|저널|코리아|매거진|스포츠|스타|포스트|리뷰|TV|뉴스룸)|"
    r"OSEN|마이데일리|AP|AFP|EPA|로이터|블룸버그|신화|교도|타스)"
)
_WIRE = r"\((?:Reuters|REUTERS|AP|AFP|Yonhap|YONHAP|Bloomberg|UPI)\)"
_PLAIN = r"[^\n\[\](){}【】〔〕<>〈〉=]*"
_WITH_EQUALS = (
    f"[\\[(【〔<〈]{B}*(?:{_PLAIN}={B}*{_AGENCY}{_PLAIN}|{_PLAIN}{_AGENCY}{B}*={_PLAIN}|{_PLAIN}={_PLAIN}{_ROLE})"
    f"{B}*[\\])】〕>〉]"
)
_WITH_REPORTER = f"[\\[【]{_PLAIN}{_SIGNED}{B}*(?:{_EMAIL})?{B}*[\\]】]"
_DATELINE = (
    r"(?m)^[ \t]*[A-Z][A-Za-z .'’-]+(?:, [A-Z][A-Za-z.]+)*,?(?: [A-Z][a-z]+\.? [0-9]{1,2})?,? "
    rf"{_WIRE} ?(?:[-–—]+|=) *"
)
PRESS = (
    f"\\p{{Hangul}}{B}*=|={B}*(?:\\p{{Hangul}}|AP|AFP|EPA|OSEN)|{_WIRE}"
    r"|(?:기자|특파원|위원|통신원|리포터|에디터)[^\n]*[\]】]"
)
_PRESS = (
    (
        re2.compile(f"[\\[(【〔<〈]{_PLAIN}={_PLAIN}[\\])】〕>〉]"),
        re2.compile(f"{_WITH_EQUALS}(?:{B}*{_SIGNED}{B}?={B}*)?"),
    ),
    (_ROLE_OR_STATION, re2.compile(f"{_WITH_REPORTER}(?:{B}*={B}*)?")),
    (re2.compile(_WIRE), re2.compile(_DATELINE)),
)
_MAX_TAG = 60


def press(text: str) -> Edit:
    """[서울=뉴시스], (서울=연합뉴스) 홍길동 기자 =, [아시아경제 홍길동 기자], SEOUL (Reuters) - ."""
    length = len(text)
    for sign, pattern in _PRESS:
        found = [(start, end) for start, end in find_in_lines(pattern, text, sign) if end - start <= _MAX_TAG]
        text, _ = removal(text, outside_any_code(text, found))
    return text, length - len(text)


# --- captions --------------------------------------------------------------------------------------------------
_MEDIUM = r"(?:자료\s?)?(?:사진|그래픽|일러스트|이미지|영상|삽화|포토)"
_CREDIT = f"{_MEDIUM}{B}?(?:제공|출처)?{B}*"
CAPTION = _loose(f"{_CREDIT}[=:：|ㅣ/]|(?i:\\b(?:photo|image|picture)s?{B}?(?:by\\b|credit|courtesy|:))")
# Whose a picture is. A word after "사진=" is none by itself: (사진/영상), 사진 = photo, 이미지 | 설명
_GIVEN = r"(?:제공|캡처|캡쳐|갈무리|DB|홈페이지|인스타그램|페이스북|트위터|유튜브|블로그|SNS|자료|촬영)"
_ORGANISATION = (
    r"[\p{Hangul}A-Za-z0-9·]*\p{Hangul}(?:시청|군청|구청|도청|시|군|구|도|청|부|처|원|협회|학회|연맹|재단|공사|공단|회사|그룹|은행|증권|전자|센터|대학교|대학|학교|"
    r"병원|의료원|소방서|소방본부|경찰서|경찰|위원회|연구소|박물관|미술관|구단|엔터테인먼트|기획|스튜디오|필름|픽처스|출판사|조합|연합|연합회|시의회|의회|교육청|사무소)"
)
_PICTURE_AGENCY = (
    r"(?:게티이미지(?:뱅크|코리아)?|픽사베이|언스플래시|셔터스톡|클립아트코리아|이미지투데이|아이클릭아트|"
    r"위키미디어|[Gg]etty ?[Ii]mages(?: ?[Bb]ank)?|[Pp]ixabay|"
    r"[Uu]nsplash|[Ss]hutterstock|Reuters|Yonhap|Newsis|NASA)"
)
_WHO = (
    f"(?:[^\\n.=<>\\[\\]]*{B}?{_GIVEN}(?:{B}{_GIVEN})*|뉴스\\p{{Hangul}}+|(?:{_PICTURE_AGENCY}|{_AGENCY}|{_ORGANISATION})"
    f"(?:{B}?[·ㆍ,/]{B}?(?:{_PICTURE_AGENCY}|{_AGENCY}|{_ORGANISATION}))*(?:{B}{_GIVEN})*"
    f"|(?:{_AGENCY}{B}?)?{_SIGNED}|(?:{_AGENCY}|{_PICTURE_AGENCY}){B}[^\\n.=()]*)"
)
_PERSON = f"{_SURNAME}\\p{{Hangul}}{{2}}"
_SEPARATOR = "[=:：|ㅣ/]"
_CREDITED = re2.compile(  # a whole credit
    f"{B}*/?{B}*(?:{_CREDIT}{_SEPARATOR}{B}*{_WHO}|{_MEDIUM}=(?:{_PERSON}|[A-Z][A-Za-z.]+(?: [A-Z][A-Za-z.]+)+)){B}*"
)
_CREDIT_TAIL = re2.compile(
    f"(?m)[/.▲\\])”\"’'{B[1:-1]}]{B}*/?{B}*{_CREDIT}={B}*[^\\n.=]+$|(?m)^{B}*[/▲]?{B}*{_CREDIT}[=|ㅣ]{B}*[^\\n.=]+$"
)
_CREDIT_WITHIN = re2.compile(
    f"/?{B}*{_CREDIT}={B}?(?:{_AGENCY}|{_PICTURE_AGENCY}|[\\p{{Hangul}}A-Za-z0-9·]+{B}{_GIVEN})(?:{B}{_GIVEN})*"
)
_CAPTION_LINE = re2.compile(f"(?m)^{B}*[▲△▼◀▶↑↓][^\\n]*{_CREDIT}=[^\\n]*$")
_LAST_CREDIT = re2.compile(f"^.*({_CREDIT}=[^=]*)$")
_NAMES = r"[A-Z][A-Za-z'’.&-]*(?:(?:,? ?/ ?|, | (?:of|the|and|for|via|de|van) | )[A-Z(][A-Za-z0-9'’.&)-]*)*"
_ENGLISH_CREDIT = re2.compile(
    rf"[(\[](?i:(?:file )?(?:photo|image|picture)s?)(?: ?(?i:by\b|credit:?|courtesy(?: of)?)| ?:) ?"
    rf"(?:[©ⓒ]{B}?)?{_NAMES}"
    r"[^()\[\]\n]{0,40}[)\]]"
    rf"|(?m)^(?i:photo|image|picture)s?(?i: ?(?:by|credit|courtesy(?: of)?)):? {_NAMES}$"
    rf"|(?m)^(?i:photo)s?: {_NAMES}$"
)
_KOREAN_SIGN = re2.compile(f"{_CREDIT}[=:：|ㅣ/]")
_ENGLISH_SIGN = re2.compile("(?i:(?:photo|image|picture)s?(?: ?(?:by\\b|credit|courtesy)| ?:))")
_MAX_CREDIT, _MAX_CAPTION = 60, 250


def captions(text: str) -> Edit:
    """Credits of photos (사진=, 그래픽=), and the lines marked as captions (▲) that end in one.

    What is credited is a name, an agency or an organisation.
    """
    length = len(text)
    for find, sign, longest in _CREDITS:
        found = [(start, end) for start, end in find(text, sign) if end - start <= longest]
        text, _ = removal(text, outside_any_code(text, found))
    return text, length - len(text)


def _marked_captions(text: str, sign: Any) -> list[Span]:
    """▲ ... 사진=가나시 제공: the whole line."""
    return [
        (start, end)
        for start, end in find_in_lines(_CAPTION_LINE, text, sign)
        if end - start <= _MAX_CAPTION and _is_credit(text[start:end])
    ]


def _is_credit(line: str) -> bool:
    last = _LAST_CREDIT.match(line)
    return last is not None and _CREDITED.fullmatch(last.group(1).rstrip(".)]>")) is not None


def _bracketed_credits(text: str, sign: Any) -> list[Span]:
    return [
        (start, end)
        for start, end in find_in_lines(_IN_BRACKETS, text, sign)
        if end - start <= _MAX_CREDIT and _CREDITED.fullmatch(text[start + 1 : end - 1])
    ]


def _credit_tails(text: str, sign: Any) -> list[Span]:
    """사진=가나일보 at the end of a line: from the medium on, with the slash before it."""
    found = []
    for start, end in find_in_lines(_CREDIT_TAIL, text, sign):
        start += text[start] in ".])”\"’'"
        if end - start <= _MAX_CREDIT and _CREDITED.fullmatch(text[start:end].lstrip(_TAIL_SIGNS)):
            found.append((start, end))
    return found


def _credits_within(text: str, sign: Any) -> list[Span]:
    """사진=연합뉴스 between sentences, where the name ends with the match."""
    return [span for span in find_in_lines(_CREDIT_WITHIN, text, sign) if not text[span[1] : span[1] + 1].isalnum()]


def _english_credits(text: str, sign: Any) -> list[Span]:
    return find_in_lines(_ENGLISH_CREDIT, text, sign)


_TAIL_SIGNS = "/.▲ \t\u00a0\u3000"
_CREDITS = (
    (_marked_captions, _KOREAN_SIGN, _MAX_CAPTION),
    (_bracketed_credits, _KOREAN_SIGN, _MAX_CREDIT),
    (_credit_tails, _KOREAN_SIGN, _MAX_CREDIT),
    (_credits_within, _KOREAN_SIGN, _MAX_CREDIT),
    (_english_credits, _ENGLISH_SIGN, 2 * _MAX_CREDIT),
)
