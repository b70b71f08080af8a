"""Loads the protobuf and gRPC modules of the protocol between host and worker (FunctionRpc).

They are published only inside the wheel of azure-functions-runtime-v1, under `tests/protos`. A
plain `import tests.protos` would meet the project's own `tests`, so they are loaded from their
files, under a name of their own.
"""

import importlib.metadata
import importlib.util
import sys
from pathlib import Path
from typing import Any

DISTRIBUTION = "azure-functions-runtime-v1"
MODULE_NAME = "functions_runtime_protos"


def load_protos() -> Any:
    """Return the generated package; it has no types, hence Any."""
    if MODULE_NAME in sys.modules:
        return sys.modules[MODULE_NAME]
    package = Path(str(importlib.metadata.distribution(DISTRIBUTION).locate_file("tests/protos")))
    specification = importlib.util.spec_from_file_location(
        MODULE_NAME, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if specification is None or specification.loader is None:
        raise ImportError(f"{DISTRIBUTION} has no protobuf modules in {package}")
    module = importlib.util.module_from_spec(specification)
    # Registered first, because the package's own relative imports look it up by name.
    sys.modules[MODULE_NAME] = module
    try:
        specification.loader.exec_module(module)
    except BaseException:
        del sys.modules[MODULE_NAME]
        raise
    return module
