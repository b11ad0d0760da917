"""What the downloads of spreadsheets have in common."""

from odoo.http import content_disposition, request

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def in_chosen_companies(records):
    """``records`` in the companies that the user has chosen in the web client."""
    cookie = request.cookies.get("cids", "")
    wanted = [int(key) for key in cookie.replace(",", "-").split("-") if key.isdigit()]
    allowed = [key for key in wanted if key in request.env.user.company_ids.ids]
    return records.with_context(allowed_company_ids=allowed) if allowed else records


def download(content, name):
    """The response that makes the browser save the spreadsheet ``content`` as ``name``."""
    return request.make_response(
        content,
        [
            ("Content-Type", MIMETYPE),
            ("Content-Disposition", content_disposition(name)),
            ("X-Content-Type-Options", "nosniff"),
        ],
    )
