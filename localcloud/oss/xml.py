"""XML bodies of OSS: small pieces of text put together, and strict parsing.

Answers are built as text because a listing has up to 1,000 entries with eight elements each.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

from localcloud.errors import OssError
from localcloud.formats import XML_DECLARATION
from localcloud.http import Response


def text(tag: str, value: str | int) -> str:
    """Return an element that holds ``value``, escaped.

    A carriage return is written as a reference, since a parser would otherwise turn it into a line feed.
    """
    return f"<{tag}>{escape(str(value), {chr(13): '&#13;'})}</{tag}>"


def optional(tag: str, value: str | int | None) -> str:
    """Return the element, or nothing when there is no value."""
    return "" if value is None else text(tag, value)


def element(tag: str, *children: str) -> str:
    """Return an element around children that are already XML."""
    return f"<{tag}>{''.join(children)}</{tag}>"


def flag(tag: str, value: bool) -> str:
    """Return a boolean element in the service's spelling."""
    return text(tag, "true" if value else "false")


def owner(uid: str) -> str:
    """Return the Owner element; OSS shows the account's UID as the display name too."""
    return element("Owner", text("ID", uid), text("DisplayName", uid))


def encoder(encoding_type: str | None) -> Encoder:
    """Return the function that writes names under the request's ``encoding-type``.

    :param encoding_type: the query parameter; None leaves names as they are.
    :raises OssError: 400 InvalidArgument for anything but ``url``.
    """
    if encoding_type is None or encoding_type == "":
        return Encoder(url=False)
    if encoding_type.lower() != "url":
        raise OssError(
            400,
            "InvalidArgument",
            "Invalid Encoding Method specified in Request.",
            details={"ArgumentName": "encoding-type", "ArgumentValue": encoding_type},
        )
    return Encoder(url=True)


class Encoder:
    """Writes elements whose values are object names or parts of them."""

    def __init__(self, *, url: bool) -> None:
        self._url = url

    def element(self, tag: str, name: str) -> str:
        """Return an element that holds a name."""
        return text(tag, quote(name, safe="") if self._url else name)

    def optional(self, tag: str, name: str | None) -> str:
        """Return an element that holds a name, or nothing when there is none."""
        return "" if name is None else self.element(tag, name)

    def common_prefixes(self, prefixes: Iterable[str]) -> str:
        """Return the CommonPrefixes elements of a listing."""
        return "".join(element("CommonPrefixes", self.element("Prefix", prefix)) for prefix in prefixes)

    @property
    def type_element(self) -> str:
        """Return the EncodingType element, or nothing when names are not encoded."""
        return text("EncodingType", "url") if self._url else ""


def response(root: str, *, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return an answer with an XML body."""
    return Response(
        status=status,
        headers={"Content-Type": "application/xml", **(headers or {})},
        body=(XML_DECLARATION + root).encode(),
    )


def parse(body: bytes, root_tag: str) -> Element:
    """Parse a request body.

    :param root_tag: name that the root element must have.
    :raises OssError: 400 MalformedXML. Document type declarations are refused too: no client sends one, and entities
        could blow up in memory.
    """
    if b"<!DOCTYPE" in body:
        raise malformed()
    try:
        root = ElementTree.fromstring(body)  # noqa: S314 - document types, the danger, were refused above
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise malformed() from error
    _strip_namespaces(root)
    if root.tag != root_tag:
        raise malformed()
    return root


def required(parent: Element, path: str) -> str:
    """Return the text of a descendant.

    :raises OssError: 400 MalformedXML when the element is missing.
    """
    child = parent.find(path)
    if child is None:
        raise malformed()
    return child.text or ""


def choice(parent: Element, path: str, allowed: Iterable[str]) -> str:
    """Return the text of a descendant that must be one of a few words.

    :raises OssError: 400 MalformedXML otherwise.
    """
    value = required(parent, path).strip()
    if value not in allowed:
        raise malformed()
    return value


def malformed() -> OssError:
    """Return the error for a body that is not what the operation wants."""
    return OssError(
        400,
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published schema.",
    )


def _strip_namespaces(root: Element) -> None:
    """Forget namespaces: some clients declare one, and the service does not mind."""
    for node in root.iter():
        if isinstance(node.tag, str) and node.tag.startswith("{"):
            node.tag = node.tag.partition("}")[2]
