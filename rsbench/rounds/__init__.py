"""Rounds of local steps for any training loop: train alone, exchange what changed, go on from the average."""

from rsbench.rounds.loop import Rounds

__all__ = ["Rounds"]
