"""Commands that compare locks and modules: diff, upgrade, audit and api."""
