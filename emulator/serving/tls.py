"""The certificate of the TLS port, signed by an authority of its own that clients can be told to trust.

The authority's key is dropped as soon as it has signed that one certificate: who trusts it trusts this emulator and
nothing else, now or later.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.settings import LOOPBACK
from emulator.state.folder import TLS_AUTHORITY, TLS_SERVER
from emulator.state.private import private_file

if TYPE_CHECKING:
    from cryptography import x509

_LIFETIME = dt.timedelta(days=800)  # some clients refuse a server's certificate of more than 825 days
_RENEWED_BEFORE = dt.timedelta(days=60)
_CLOCKS = dt.timedelta(minutes=5)


def context(folder: Path, host: str) -> ssl.SSLContext:
    """What a server on `host` and loopback speaks TLS with; the files in `folder` are made, or made anew, as needed.

    `tls-ca.pem` is for clients. `tls-server.pem` has the key and the certificate, and only its owner may read it.
    """
    if not _usable(folder, host):
        _make(folder, host)
    return given(folder / TLS_SERVER)


def given(path: Path) -> ssl.SSLContext:
    """What a server speaks TLS with whose key and certificates are in a file. Raises OSError (ssl.SSLError)."""
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    result.minimum_version = ssl.TLSVersion.TLSv1_2
    result.set_alpn_protocols(["http/1.1"])
    result.load_cert_chain(path, password=lambda: "")  # else one with a passphrase would ask for it on the terminal
    return result


def _names(host: str) -> list[x509.GeneralName]:
    """The names and addresses that a client may have connected to."""
    from cryptography import x509

    names: list[x509.GeneralName] = []
    machine = {socket.gethostname()} if host in ("0.0.0.0", "::") else set[str]()  # noqa: S104  compared, not bound
    for name in sorted({*LOOPBACK, host, *machine}):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            names.append(x509.DNSName(name))
    return names


def _usable(folder: Path, host: str) -> bool:
    """Whether the two files are there, belong together, hold for a while, and name the host."""
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        authority = x509.load_pem_x509_certificate((folder / TLS_AUTHORITY).read_bytes())
        both = (folder / TLS_SERVER).read_bytes()
        server = x509.load_pem_x509_certificate(both)
        server.verify_directly_issued_by(authority)
        own = load_pem_private_key(both, password=None).public_key() == server.public_key()
        named = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    holds = server.not_valid_after_utc > dt.datetime.now(dt.UTC) + _RENEWED_BEFORE
    return own and holds and set(_names(host)) <= set(named)


def _make(folder: Path, host: str) -> None:
    """Write both files: an authority, and the server's key with the certificate that the authority signed."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    now = dt.datetime.now(dt.UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Context of Google Cloud on this machine")])

    def begun(subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _CLOCKS)
            .not_valid_after(now + _LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
            )
        )

    authority = (
        begun(issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    server = (
        begun(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")]), server_key)
        .add_extension(x509.SubjectAlternativeName(_names(host)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private_file(folder / TLS_SERVER, key + server.public_bytes(Encoding.PEM))
    private_file(folder / TLS_AUTHORITY, authority.public_bytes(Encoding.PEM))


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
