"""The table that the loops over a bucket read, one row a tensor: its columns, and the numbers that stand in them."""

from __future__ import annotations

PLAIN, WHOLE, DRAWN, ELEMENTS, ROWS, TILES = range(6)
"""What is sent of a tensor: the gradient, all of the residual, elements drawn before, or chosen blocks of it."""
INT32, GAPS, BITMAP = range(3)
"""Codings of block indices."""
KIND, GRADIENT, MEMORY, NUMEL, BLOCK, COLS, P, BLOCKS, COUNT, CAPACITY, MASK, CODING, INDICES, VALUES, HINT = range(15)
SCALE = 15
"""Columns of the table, which has one row a tensor: what is sent, where its gradient and its memory start, its cut into
blocks, how many are sent, length of the list of candidates, whether momentum is masked, coding of the indices, where in
the message indices and values start (in bytes), and the tensor's row in the table of hints, or where its drawn indices
start; where in the message its scale stands (in bytes), -1 where values are float32: with a scale they are int8."""
L2, SECOND, NORM = range(3)
"""What describes the score: whether the first statistic is the L2 norm, the second one, whether both are scaled."""
