"""What lets the program write what people may not."""


class _Program:
    """Handed on in the context. Nobody outside the process can make one."""


PROGRAM = _Program()


def is_program(env):
    """Whether the program itself writes."""
    return env.context.get("o2c_commission_writer") is PROGRAM
