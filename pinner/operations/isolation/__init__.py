"""Where two environments would hold different Ruby code under one name, if one server serves both."""
