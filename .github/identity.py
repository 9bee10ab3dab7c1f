"""Reports jobs that can ask for the identity of a workflow (`id-token: write`) and run code of a build, and artifacts that lose permissions.

Each step of such a job can ask for a token, in whatever order: so code of dependencies runs in a job of its own, and hands over its result.
Usage: identity.py WORKFLOW..., with the python of `.github/check`.
"""

import re
import sys

from ruamel.yaml import YAML

# What runs build scripts, macros, or scripts of packages. `cargo publish --no-verify` builds nothing.
BUILDS = re.compile(r"\bcargo (?!publish\b.*--no-verify)|\bpipx? install|\bnpm (?!.*--ignore-scripts)|\bsam build\b|\bmake\b")


def writes(permissions):
    return permissions == "write-all" or isinstance(permissions, dict) and permissions.get("id-token") == "write"


def wrong(workflow):
    for name, job in workflow["jobs"].items():
        for step in job.get("steps") or []:
            for line in (step.get("run") or "").splitlines():
                if BUILDS.search(line) and writes(job.get("permissions", workflow.get("permissions"))):
                    yield f"the job {name} has the identity of the workflow, and builds; build in another job: {line}"
            path = (step.get("with") or {}).get("path") or ""
            if "upload-artifact@" in step.get("uses", "") and re.search(r"\.aws-sam/|cdk\.out|target/lambda/?$", path):
                yield f"the job {name} uploads {path}; the files of an artifact are not executable: upload an archive by tar"


found = [
    f"{path}: {each}" for path in sys.argv[1:] for each in wrong(YAML(typ="safe", pure=True).load(open(path)))
]
print("\n".join(found))
sys.exit(bool(found))
