"""`python -m recurra`."""


def main() -> None:
    """Start the command line."""
    from recurra.cli import app

    app()


if __name__ == "__main__":
    main()
