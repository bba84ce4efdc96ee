"""User names and passwords in addresses: found in every form that a browser reads as such, and removed."""

import re2

# What a browser does (URL Standard): for its own schemes any number of slashes or backslashes may follow the colon,
# tabs and line breaks are skipped (here they are percent-encoded), and the last @ before the host's end closes the user
# and password. An address may hold another one: view-source:, web archives, redirects; those are often percent-encoded.
_SCHEME = r"(?:https?|wss?|ftps?):(?:[/\\]|%0[9AD])*|[a-z][a-z0-9+.-]*:(?:%0[9AD])*[/\\](?:[/\\]|%0[9AD])+|^[/\\]{2,}"
_USER = r"[^/\\?#]*@"
# A slash, ? or # ends the host, and what follows a colon there is a port. Where it is no number, it is a password that
# was not encoded.
_UNENCODED = r"[^/\\?#:@\[]*:[^/\\?#@]*[^0-9/\\?#@][^/\\?#@]*[/\\?#][^@]*@"
_PLAIN = re2.compile(f"(?i)({_SCHEME})(?:{_USER}|{_UNENCODED})")
_ENCODED_CHARACTER = r"(?:[^/\\?#&%]|%2[0-24-9a-e]|%3[0-9a-e]|%5[0-9abd-f]|%[0146-9a-f][0-9a-f])*"
_ENCODED = re2.compile(f"(?i)((?:https?|wss?|ftps?)%3a(?:%2f|%5c)+){_ENCODED_CHARACTER}%40")


def without_credentials(url: str) -> str:
    """The address without user names and passwords, its own and those of addresses within it; linear in its length."""
    if "@" in url:
        url = _PLAIN.sub(r"\1", url)
    if "%40" in url:
        url = _ENCODED.sub(r"\1", url)
    return url
