"""pii/patterns takes nothing without evidence of its own: neighbours of values that are none, and their true likes."""

import pytest

from filters.pii.patterns import Patterns


@pytest.fixture(scope="module")
def find():
    finder = Patterns().finder()

    def values(text):
        language = "ko" if any("가" <= character <= "힣" for character in text) else "en"
        return [(kind, text[start:end]) for kind, start, end in finder(text, language)]

    return values


NONE = [
    # Colons of code
    "std::chrono::seconds s; A::B::C d; dead::beef() cafe::babe",
    "template<class T> void f(T::a, E::B::c);",
    "Rust의 Vec::new()와 Fa::be를 쓴다.",
    "as follows::",
    "In 2019:: the list; x[1::2], x[::-1], a[::3]",
    "=ERROR REPORT==== 13-Jun-2003::12:01:15 ===",
    "connect(Address :: inet:ip_address(), Port :: integer())",
    'ping failures "B::C"',
    # Numbers of headings, clauses, figures, versions
    "3.2.2.1. Grid mode",
    "3.2.2.1 - Grid mode",
    "4.2.1.3. 요구 사항을 적는다",
    "Figure 2.3.1.4 shows it, see 5.1.2.3 and 5.1.2.4.",
    "그림 3.2.1.4, 표 3.1.2.5를 보라",
    "section 7.5.1.2(a), clause 10.1.2.3, § 4.1.2.3",
    "[class.copy] 12.8.1.2 and 22.2.1.5 [facet.num]",
    "see 27.6.1.3/24 there",
    "Chrome/120.0.0.0 Safari/537.36, Firefox 115.0.0.1",
    "1.6 Ssh 4.13.2.1",
    "Server 10.2.1.3",
    "git version 2.20.1.155.g426c96",
    "| 4.1.2.1 | Name | x |",
    "the OID 1.3.6.1.4.1.311 is used",
    # Numbers that are no telephone's
    "문자열 길이는 1234567890이다.",
    "전화기는 1000000000대 팔렸다.",
    "연락이 끊긴 지 1234567 일이 지났다",
    "문의가 12345678건 접수되었다.",
    "The call to malloc(1073741824) failed",
    "text 4294967296 bytes, phone models sold 1234567890 units",
    "The numbers are 1234567, 2345678, 3456789.",
    "0101111111 01010101010 binary",
    "0123 4567 8901 2345 6789 abcd",
    "dump 0000: 02 23 44 30 13 40 ac 34",
    "hash 010 1234 5678 9012 3456",
    "08-00-2b-01-02-03-04-05",
    "(1 + (1000 - 993)/(1997 - 993))",
    "C++14 20.8.2.2.4 swap",
    "latitude 19.793713, 0.000582548",
    "상담전화 1588-1234, 080-123-4567",
    # Others
    "대법원 2015다12345, 97다1234 판결",
    "사건번호 98가1234 (손해배상)",
    "12가1234호, 12가1234번지",
    "CA 94043-1351",
    "part no. 123-45-6789",
    "The social network has 123456789 members",
    "우체국 택배 송장번호 1234567890123",
    "국민은행 2023년 12345678901원",
    "q@k.T and A@B.to(device)",
    "y = a@b.sum()",
    "bundle@3x.webp icon@2x.zip",
    "pip install pkg@git+https://github.com/a/b.git@v1.0",
    "git clone git@github.com:acme/tool.git",
    "svn+ssh://svn@svn.example.org/repo",
    "name@domain.tld getty@tty1.service aes128-gcm@openssh.com",
    "meet [at] noon [dot] fine",
    "ssh://[user@]host.xz/path",
    # Mentions of nobody
    "``@decorator`` and `@property`",
    "    @Override\n    public void f() {}",
    '@app.route("/")\ndef f(): pass',
    "36/**\n37 * @file bits/stl.h\n38 */",
    "decorate it with the @singledispatch decorator",
    "@VARIABLE@ is replaced, dbname[@hostname][:port]",
]


@pytest.mark.parametrize("text", NONE)
def test_nothing(find, text):
    assert find(text) == []


SOME = [
    ("전화 010 - 1234 - 5678", "phone", "010 - 1234 - 5678"),
    ("010/1234/5678", "phone", "010/1234/5678"),
    ("010·1234·5678", "phone", "010·1234·5678"),
    ("010ㅡ1234ㅡ5678", "phone", "010ㅡ1234ㅡ5678"),
    ("(02) 123 - 4567로", "phone", "(02) 123 - 4567"),
    ("전화번호는 02 123 4567입니다", "phone", "02 123 4567"),
    ("My cell phone is 4155550132", "phone", "4155550132"),
    ("Tel 467 3395, 467 3396", "phone", "467 3396"),
    ("문의 전화 (02)123-4567(내선 123)", "phone", "(02)123-4567(내선 123)"),
    ("Telefon: 06051 88770 230", "phone", "06051 88770 230"),
    ("Tel: +52 1 55 1234 5678", "phone", "+52 1 55 1234 5678"),
    ("call us (4155550132) now", "phone", "4155550132"),
    ("０１０-１２３４-５６７８", "phone", "０１０-１２３４-５６７８"),
    ("010－1234－5678", "phone", "010－1234－5678"),
    ("jane.doe [at] example [dot] com", "email", "jane.doe [at] example [dot] com"),
    ("jane [dot] doe [at] example.com", "email", "jane [dot] doe [at] example.com"),
    ("jane(at)example(dot)co(dot)kr", "email", "jane(at)example(dot)co(dot)kr"),
    ("jane.doe%40example.com", "email", "jane.doe%40example.com"),
    ("ｈｏｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ", "email", "ｈｏｎｇ＠ｅｘａｍｐｌｅ．ｃｏｍ"),
    ("git send to git@lists.example.org.", "email", "git@lists.example.org"),
    ('10.0.0.1 - - [01/Jan/2024] "GET', "ip", "10.0.0.1"),
    ("5.6.7.8 - - [01/Jan/2024:00:00:00 +0000]", "ip", "5.6.7.8"),
    ("1.2.3.4 example.com", "ip", "1.2.3.4"),
    ("서버 주소는 1.2.3.4이다", "ip", "1.2.3.4"),
    ("http://1.2.3.4/", "ip", "1.2.3.4"),
    ("1.2.3.4:8080", "ip", "1.2.3.4"),
    ("10.2.16.0/24", "ip", "10.2.16.0/24"),
    ("fe80::1", "ip", "fe80::1"),
    ("address ::1", "ip", "::1"),
    ("3782-8224-6310-005", "card", "3782-8224-6310-005"),
    ("차량번호: 97다1234", "kr_car_plate", "97다1234"),
    ("국민은행 홍길동 110-123-456789", "kr_bank_account", "110-123-456789"),
    ("Social Security Number: 219099998", "us_ssn", "219099998"),
    ("<li>Email: a@b.com</li> thanks @user_a", "mention", "@user_a"),
]


@pytest.mark.parametrize(("text", "kind", "value"), SOME)
def test_found(find, text, kind, value):
    assert (kind, value) in find(text)


def test_a_placeholder_is_no_label(find):
    assert find("<PHONE> 1234567890 and <KR_CAR_PLATE> 10가 5000") == []


def test_code_is_found_for_the_folded_text(find):
    """Offsets stay those of the text as it was."""
    text = "`x` ＠ 문의: ０１０-１２３４-５６７８ `@enter` 끝"
    assert find(text) == [("phone", "０１０-１２３４-５６７８")]
