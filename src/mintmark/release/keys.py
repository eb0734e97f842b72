"""Signing keys: Ed25519, as PEM files."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mintmark.errors import InputError, OutputError

__all__ = ["key_id", "load_private", "load_public", "make_keys"]


def make_keys(out_dir: str | Path) -> tuple[Path, Path]:
    """Write ``private.pem`` (PKCS #8, mode 600) and ``public.pem``; a key that stands is never replaced.

    Raises
    ------
    OutputError
        If either file exists or the directory cannot be written.
    """
    folder = Path(out_dir)
    private, public = folder / "private.pem", folder / "public.pem"
    for path in (private, public):
        if path.exists() or path.is_symlink():
            raise OutputError(f"{path} exists. Keep it, or give another directory; keys are never replaced.")
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    shown = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    written: list[Path] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, content, mode in ((private, secret, 0o600), (public, shown, 0o644)):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            written.append(path)
            with os.fdopen(file, "wb") as stream:
                stream.write(content)
    except OSError as error:
        for path in written:
            path.unlink(missing_ok=True)
        raise OutputError(f"cannot write the keys to {folder}: {error.strerror or error}.") from error
    return private, public


def load_private(path: str | Path) -> Ed25519PrivateKey:
    """The signing key.

    Raises
    ------
    InputError
        If others than its owner may read it, or it is no unencrypted Ed25519 private key.
    """
    content = _content(path, private=True)
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except TypeError:
        raise InputError(f"{path} is encrypted with a passphrase; give a key without one.") from None
    except (ValueError, UnsupportedAlgorithm):
        other = " It is a public key; sign with private.pem." if b"PUBLIC KEY" in content else ""
        raise InputError(
            f"{path} is no private key in PEM form.{other or ' Make one: mintmark keygen.'}"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError(f"{path} is no Ed25519 key. Make one: mintmark keygen --out keys/")
    return key


def load_public(path: str | Path) -> Ed25519PublicKey:
    """The key that verifies.

    Raises
    ------
    InputError
        If it is no Ed25519 public key.
    """
    content = _content(path, private=False)
    if b"PRIVATE KEY" in content:
        raise InputError(f"{path} is a private key; verify with public.pem, and keep this one to yourself.")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        raise InputError(f"{path} is no public key in PEM form. Ask the issuer for public.pem.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError(f"{path} is no Ed25519 key. Ask the issuer for public.pem.")
    return key


def key_id(key: Ed25519PublicKey) -> str:
    """SHA-256 of the public key's DER bytes: names the key, proves nothing."""
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def _content(path: str | Path, *, private: bool) -> bytes:
    try:
        with Path(path).open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if private and os.name == "posix" and mode & 0o077:
                raise InputError(
                    f"{path} can be read by others than you (mode {mode:o}), so it signs for nobody. "
                    f"Run: chmod 600 {path}"
                )
            return file.read()
    except OSError as error:
        remedy = " Make a pair with `mintmark keygen`." if isinstance(error, FileNotFoundError) else ""
        raise InputError(f"cannot read the key {path}: {error.strerror or error}.{remedy}") from None
