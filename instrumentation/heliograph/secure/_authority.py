"""Our own certificate authority, and what it signs (RFC 5280). ECDSA P-256: small, quick, known to every client.

Server certificates are good for servers only and client certificates for clients only (extended key usage), so that
what a reachable server holds opens no door of another one.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from heliograph.errors import HeliographError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

__all__ = ["AUTHORITY_DAYS", "SERVER_DAYS", "Authority", "Certificate", "checked_name", "look"]

AUTHORITY_DAYS: Final = 3650
SERVER_DAYS: Final = 397
"""What browsers accept at most for a server (CA/Browser Forum, until 2026)."""
_BACKDATED: Final = timedelta(minutes=5)
"""Clocks differ: what is signed now must be good on a machine that is a little behind."""
_HOST: Final = re.compile(r"(?=.{1,253}\Z)(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9_-]{0,62})(?:\.[A-Za-z0-9_-]{1,63})*\Z")


@dataclass(frozen=True)
class Certificate:
    """What a certificate says."""

    names: tuple[str, ...]
    """Host names and addresses it is good for; for an authority or a client its common name."""
    starts: datetime
    ends: datetime
    issuer: str
    authority: bool

    @property
    def days(self) -> int:
        """Whole days left; below 0 when it is over."""
        return (self.ends - datetime.now(UTC)).days


def checked_name(name: str) -> str:
    """Return a host name or an address as it goes into a certificate; raises HeliographError."""
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        if _HOST.match(name):
            return name.lower()
    raise HeliographError(
        f"{name!r} is neither a host name nor an IP address.", hint="such as observe.example.com", exit_code=2
    )


@dataclass(frozen=True)
class Authority:
    """A certificate that signs others, and its key."""

    certificate: x509.Certificate
    key: CertificateIssuerPrivateKeyTypes

    @classmethod
    def create(cls, *, days: int = AUTHORITY_DAYS) -> Authority:
        """Return a new one, which must sign no further authorities (path length 0)."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name(f"Heliograph CA {x509.random_serial_number() & 0xFFFFFF:06x}")
        begin = datetime.now(UTC) - _BACKDATED
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        builder = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(identifier, critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        )
        return cls(builder.sign(key, hashes.SHA256()), key)

    @classmethod
    def read(cls, certificate: str, key: str) -> Authority:
        """Return the authority of these PEM texts."""
        private = serialization.load_pem_private_key(key.encode(), None)
        return cls(x509.load_pem_x509_certificate(certificate.encode()), private)  # type: ignore[arg-type]

    def pem(self) -> tuple[str, str]:
        """Return certificate and key as PEM."""
        return _pem(self.certificate), _key_pem(self.key)

    def server(
        self, names: Sequence[str], *, days: int = SERVER_DAYS, starts: datetime | None = None
    ) -> tuple[str, str]:
        """Return certificate and key of a server with these names and addresses, as PEM."""
        alternatives = x509.SubjectAlternativeName([_general(name) for name in dict.fromkeys(names)])
        return self._sign(names[0], ExtendedKeyUsageOID.SERVER_AUTH, alternatives, days, starts)

    def client(self, name: str, *, days: int = SERVER_DAYS) -> tuple[str, str]:
        """Return certificate and key of a client, as PEM."""
        return self._sign(name, ExtendedKeyUsageOID.CLIENT_AUTH, None, days, None)

    def _sign(
        self,
        name: str,
        purpose: x509.ObjectIdentifier,
        names: x509.SubjectAlternativeName | None,
        days: int,
        starts: datetime | None,
    ) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        begin = (starts or datetime.now(UTC)) - _BACKDATED
        subject = _name(name)
        builder = (
            x509.CertificateBuilder(self.certificate.subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key()),  # type: ignore[arg-type]
                critical=False,
            )
        )
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return _pem(builder.sign(self.key, hashes.SHA256())), _key_pem(key)


def look(path: Path) -> Certificate:
    """Return what the (first) certificate of a PEM file says; raises HeliographError for anything else."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it holds no certificate in PEM"
        raise HeliographError(f"{path} cannot be read.", why=why, exit_code=2) from None
    common = [str(one.value) for one in found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    try:
        listed = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = [str(one.value) for one in listed if isinstance(one, x509.DNSName | x509.IPAddress)]
    except x509.ExtensionNotFound:
        names = common
    try:
        authority = found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        authority = False
    issuer = [str(one.value) for one in found.issuer.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return Certificate(
        tuple(names), found.not_valid_before_utc, found.not_valid_after_utc, issuer[0] if issuer else "", authority
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: CertificateIssuerPrivateKeyTypes) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
