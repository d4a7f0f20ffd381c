# SPDX-License-Identifier: BSD-2-Clause
"""What the end-to-end tests stand on: running the tracer, reading its files back, judging them."""
