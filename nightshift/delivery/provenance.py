"""Whether the pipeline built a release from the commit that it names: its attestation, held by the GitHub CLI.

Digests that travel with the files prove that nothing was damaged. Who may write the files may write other digests; an
attestation is signed with the identity that GitHub gives to the run of a workflow, and nobody else can make one.
"""

from collections.abc import Iterable
from pathlib import Path

from nightshift.delivery.command import run
from nightshift.domain.platform.errors import BadInputError

# Who must have signed, and from where: the workflow that builds packages, on the branch that is delivered.
WORKFLOW = ".github/workflows/deliver.yml"
BRANCH = "refs/heads/main"
# The keys to trust where GitHub cannot be asked for them: `gh attestation trusted-root`, kept with the checkout.
TRUSTED_ROOT = "environments/trusted_root.jsonl"


def verify_provenance(files: Iterable[Path], attestation: Path, *, repository: str, commit: str, root: Path) -> None:
    """Hold files against the attestation that came with them.

    Args:
        attestation: the bundle that actions/attest-build-provenance has written.
        repository: ``OWNER/NAME`` whose pipeline must have built them.
        commit: full digest of the commit that they must be of.
        root: the checkout, which may hold the trusted keys.

    Raises:
        BadInputError: there is no attestation.
        CommandError: it is not by this pipeline, of this commit or about these files; or the GitHub CLI is missing.
    """
    if not attestation.is_file():
        rule = f"is missing: the pipeline of {repository} writes one, so the release was not built by it"
        raise BadInputError(field="attestation", value=str(attestation), rule=rule)
    keys = root / TRUSTED_ROOT
    trusted = ("--custom-trusted-root", str(keys)) if keys.is_file() else ()
    for file in files:
        run(
            "gh", "attestation", "verify", str(file), "--bundle", str(attestation), "--repo", repository,
            "--signer-workflow", f"{repository}/{WORKFLOW}", "--source-ref", BRANCH, "--source-digest", commit,
            *trusted,
        )  # fmt: skip
