# SPDX-License-Identifier: Apache-2.0
"""How a command fails."""

from __future__ import annotations


class CommandError(Exception):
    """A command cannot do what was asked. Its text is the sentence that the user sees."""
