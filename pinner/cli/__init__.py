"""Click commands: arguments in, exit code out."""

REPORT_BUGS = "this is a bug in pinner: please report it with the lines above and what you ran"
