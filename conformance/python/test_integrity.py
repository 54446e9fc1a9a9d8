"""Versions that are signed with the tools of Sigstore and OpenSSF, and checked by `saccade models verify`.

Needs no server: SACCADE_COMMAND is the command, one argument a line.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sigstore_models.bundle import v1 as bundle_v1
from sigstore_models.common import v1 as common_v1

BUNDLE = "manifest.sigstore.json"
MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def saccade(*arguments):
    command = os.environ.get("SACCADE_COMMAND")
    if not command:
        pytest.skip("no saccade command")
    return subprocess.run(
        [*command.split("\n"), *arguments], capture_output=True, text=True, timeout=60
    )


class Release:
    """A repository with one version that has a manifest, and a key to sign it with."""

    def __init__(self, folder):
        self.repository = folder / "models"
        self.version = self.repository / "m" / "1"
        self.version.mkdir(parents=True)
        (self.version / "model.onnx").write_bytes(b"weights" * 1000)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.key_file = folder / "key.pem"
        self.key_file.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        self.public_file = folder / "key.pub"
        self.public_file.write_bytes(public_pem(self.key))
        assert saccade("models", "sign", "m", "-r", self.repository).returncode == 0

    @property
    def manifest(self):
        return self.version / "manifest.json"

    @property
    def bundle(self):
        return self.version / BUNDLE

    def verify(self):
        """None, or why not."""
        ran = saccade(
            "models", "verify", "m", "-r", self.repository, "--key", self.public_file
        )
        return None if ran.returncode == 0 else ran.stdout + ran.stderr


def public_pem(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sign_with_model_signing(release):
    """What OpenSSF Model Signing does: a statement over every file of the version."""
    command = [sys.executable, "-m", "model_signing", "sign", "key"]
    options = ["--private_key", release.key_file, "--signature", release.bundle]
    subprocess.run(
        [*command, *options, release.version], check=True, capture_output=True, timeout=60
    )


def sign_as_blob(release):
    """The bundle of a signature over a file by a key, as Sigstore's own library writes it."""
    content = release.manifest.read_bytes()
    bundle = bundle_v1.Bundle(
        media_type=MEDIA_TYPE,
        verification_material=bundle_v1.VerificationMaterial(
            public_key=common_v1.PublicKeyIdentifier(
                hint=hashlib.sha256(public_pem(release.key)).hexdigest()
            ),
            tlog_entries=[],
        ),
        message_signature=common_v1.MessageSignature(
            message_digest=common_v1.HashOutput(
                algorithm=common_v1.HashAlgorithm.SHA2_256,
                digest=base64.b64encode(hashlib.sha256(content).digest()),
            ),
            signature=base64.b64encode(
                release.key.sign(content, ec.ECDSA(hashes.SHA256()))
            ),
        ),
    )
    release.bundle.write_text(bundle.to_json())


SIGNERS = [sign_with_model_signing, sign_as_blob]


@pytest.fixture
def release(tmp_path):
    return Release(tmp_path)


@pytest.mark.parametrize("sign", SIGNERS)
def test_what_was_signed_is_trusted(release, sign):
    assert "manifest.sig" in release.verify()
    sign(release)
    assert release.verify() is None


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_file_that_was_changed_after_signing_is_found(release, sign):
    sign(release)
    (release.version / "model.onnx").write_bytes(b"Weights" * 1000)
    assert "model.onnx has SHA-256" in release.verify()


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_manifest_that_was_made_anew_after_signing_is_found(release, sign):
    sign(release)
    signed = release.bundle.read_bytes()
    (release.version / "model.onnx").write_bytes(b"Weights" * 1000)
    assert saccade("models", "sign", "m", "-r", release.repository).returncode == 0
    release.bundle.write_bytes(signed)
    assert BUNDLE in release.verify()


@pytest.mark.parametrize("sign", SIGNERS)
def test_the_key_of_somebody_else_is_not_trusted(release, sign):
    sign(release)
    release.public_file.write_bytes(public_pem(ec.generate_private_key(ec.SECP256R1())))
    assert "not by a trusted key" in release.verify()


def flipped(text):
    """The same base64 with one bit of its middle changed."""
    content = bytearray(base64.b64decode(text))
    content[len(content) // 2] ^= 1
    return base64.b64encode(content).decode()


@pytest.mark.parametrize("sign", SIGNERS)
def test_a_bundle_that_was_changed_is_found(release, sign):
    sign(release)
    bundle = json.loads(release.bundle.read_text())
    changed = []
    if "dsseEnvelope" in bundle:
        envelope = bundle["dsseEnvelope"]
        changed.append({**envelope, "payload": flipped(envelope["payload"])})
        signatures = [
            {**one, "sig": flipped(one["sig"])} for one in envelope["signatures"]
        ]
        changed.append({**envelope, "signatures": signatures})
        changed = [{**bundle, "dsseEnvelope": one} for one in changed]
    else:
        message = bundle["messageSignature"]
        forged = {**message, "signature": flipped(message["signature"])}
        changed.append({**bundle, "messageSignature": forged})
    for one in changed:
        release.bundle.write_text(json.dumps(one))
        assert "not by a trusted key" in release.verify()
