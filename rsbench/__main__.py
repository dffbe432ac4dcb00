"""``python -m rsbench`` is the ``rsbench`` command."""

from rsbench.cli.main import main

if __name__ == "__main__":
    main(prog_name="rsbench")
