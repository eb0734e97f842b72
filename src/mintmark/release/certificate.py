"""Certificate: an in-toto Statement v1 in a DSSE envelope, signed with Ed25519.

Formats: in-toto Attestation Framework v1 (Statement), secure-systems-lab DSSE v1.0.2 (envelope and
pre-authentication encoding), RFC 8032 (Ed25519).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mintmark.errors import InputError
from mintmark.release.keys import key_id
from mintmark.release.public_report import dumps

__all__ = ["FILE", "PREDICATE", "STATEMENT", "Certificate", "opened", "pae", "sealed", "written"]

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://mintmark.dev/certificate/v1"
PAYLOAD = "application/vnd.in-toto+json"
FILE = "certificate.json"


@dataclass(frozen=True)
class Certificate:
    """A signed verdict, bound to the files it was given for.

    Parameters
    ----------
    statement : mapping
        The in-toto statement: ``subject`` (files and digests) and ``predicate``.
    envelope : mapping
        What is written to ``certificate.json``.
    path : Path, optional
        The release directory, where one was written.
    """

    statement: Mapping[str, Any]
    envelope: Mapping[str, Any]
    path: Path | None = None

    @property
    def predicate(self) -> Mapping[str, Any]:
        """Policy, recipe, schema, nature, versions, scores, verdicts, waiver, title, lines, date."""
        return self.statement["predicate"]  # type: ignore[no-any-return]  # JSON

    @property
    def title(self) -> str:
        """The verdict in one line."""
        return str(self.predicate["title"])

    @property
    def lines(self) -> Sequence[str]:
        """Fidelity, utility, privacy, and what a reader must not miss."""
        return list(self.predicate["lines"])

    @property
    def outcome(self) -> str:
        """ "released", "released under waiver" or "refused"."""
        return str(self.predicate["outcome"])

    @property
    def released(self) -> bool:
        """Whether data leaves."""
        return self.outcome != "refused"

    @property
    def verdicts(self) -> Sequence[Mapping[str, Any]]:
        """One verdict for each rule."""
        return list(self.predicate["verdicts"])

    @property
    def exit_code(self) -> int:
        """0 released, 3 refused by the policy."""
        return 0 if self.released else 3

    @classmethod
    def load(cls, path: str | Path) -> Certificate:
        """Read a release directory's certificate, its signature unchecked (see `verify`).

        Raises
        ------
        InputError
            If there is none or it is damaged.
        """
        folder = Path(path)
        try:
            envelope = json.loads((folder / FILE).read_bytes())
            statement = json.loads(base64.b64decode(envelope["payload"], validate=True))
            statement["predicate"]["title"], statement["predicate"]["outcome"]
        except OSError as error:
            raise InputError(f"{folder} holds no certificate: {error.strerror or error}.") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{folder / FILE} is damaged: {error!r}.") from None
        return cls(statement, envelope, folder)

    def __str__(self) -> str:
        return "\n".join([self.title, *self.lines])


def pae(payload: bytes, kind: str = PAYLOAD) -> bytes:
    """DSSE's pre-authentication encoding: what is signed binds the type as well as the bytes."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def sealed(statement: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The statement in a signed envelope."""
    payload = json.dumps(statement, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
    return _envelope(payload, key.sign(pae(payload)), key.public_key())


def _envelope(payload: bytes, signature: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": PAYLOAD,
        "signatures": [{"keyid": key_id(key), "sig": base64.b64encode(signature).decode()}],
    }


def written(envelope: Mapping[str, Any]) -> bytes:
    """The bytes of ``certificate.json``."""
    return dumps(envelope).encode()


def opened(content: bytes, key: Ed25519PublicKey) -> dict[str, Any]:
    """The statement, once this key's signature on it holds and nothing stands beside it.

    Parameters
    ----------
    content : bytes
        Of ``certificate.json``.
    key : Ed25519PublicKey

    Raises
    ------
    InputError
        If the envelope is damaged, was not signed by this key, or differs in any byte from what
        `written` makes of it (key name, padding, white space, further entries).
    """
    try:
        envelope = json.loads(content)
        payload = base64.b64decode(envelope["payload"], validate=True)
        signature = base64.b64decode(envelope["signatures"][0]["sig"], validate=True)
    except (LookupError, TypeError, ValueError, RecursionError):
        raise InputError(f"{FILE} is no signed envelope.") from None
    try:
        key.verify(signature, pae(payload))
    except InvalidSignature:
        raise InputError(f"the signature in {FILE} is not this key's over these bytes.") from None
    if content != written(_envelope(payload, signature, key)):
        raise InputError(f"{FILE} was changed around what is signed.")
    try:
        statement = json.loads(payload)
        if statement["_type"] != STATEMENT or statement["predicateType"] != PREDICATE:
            raise InputError(f"{FILE} signs another kind of statement: {statement['predicateType']!r}.")
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{FILE} signs no statement that mintmark wrote.") from None
    return statement  # type: ignore[no-any-return]  # JSON
