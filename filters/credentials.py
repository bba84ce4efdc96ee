"""User names and passwords in addresses: found in every form that a browser reads as such, and removed."""

import re

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


# A word of a message, with what people put around an address left out; quotes are no part of one.
_WORD = re.compile(r"[^\s'\"<>]*(?:@|%40)[^\s'\"<>]*")
_QUERY = re.compile(r"(\b[a-z][a-z0-9+.-]*:[/\\]+[^\s?'\"]*)\?[^\s'\"]+", re.IGNORECASE)


def masked(message: str, *addresses: str) -> str:
    """A message whose addresses show neither user names and passwords nor queries, where tokens stand.

    addresses  known to be in the message, which may hold white space or quotes
    """
    for address in addresses:
        message = message.replace(address, without_credentials(address))
    return _QUERY.sub(r"\1?…", _WORD.sub(lambda word: without_credentials(word[0]), message))
