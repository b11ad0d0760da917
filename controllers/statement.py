"""What the portal's pages of statements share."""

from datetime import date

from odoo.http import content_disposition, request


def asked_period(date_from, date_to, first, last):
    """The period of a statement that a page was asked for.

    :param date_from: the first day as it was typed, ISO, empty: ``first``
    :param date_to: the last day as it was typed, ISO, empty: ``last``
    :return: (first day, last day, what is wrong with what was typed or ``None``)
    """
    try:
        first = date.fromisoformat(date_from) if date_from else first
        last = date.fromisoformat(date_to) if date_to else last
    except ValueError:
        return first, last, request.env._("Please enter both days of the period.")
    if first > last:
        return last, last, request.env._("The period has to begin before it ends.")
    return first, last, None


def printed(content, extension, name):
    """A download of what a report has rendered: a PDF, or HTML where there is no PDF engine."""
    return request.make_response(
        content,
        [
            ("Content-Type", "application/pdf" if extension == "pdf" else "text/html"),
            ("Content-Disposition", content_disposition(f"{name}.{extension}")),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
