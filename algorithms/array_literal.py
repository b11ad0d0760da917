"""Arrays as text, for statements that take thousands of rows."""

# Types of which no value needs quotes.
PLAIN = {"int", "float", "numeric", "boolean"}


def array_literal(values, kind):
    """``values`` as PostgreSQL writes an array: a list as parameter takes the driver many times as long.

    :param values: of one type, or ``None``
    :param kind: PostgreSQL's name of their type
    """
    write = str if kind in PLAIN else _quoted
    written = ",".join(["NULL" if value is None else write(value) for value in values])
    return f"{{{written}}}"


def _quoted(value):
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
