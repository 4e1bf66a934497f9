"""Run every benchmark: python -m tests.benchmarks [--device cuda]"""

import sys

from tests.benchmarks import chamfer

sys.exit(chamfer.main())
