"""What a tenant's use costs: rate it, bill it, credit it, warn of it, stop it.

months.py    UTC months                                                        [pure]
money.py     nano-units as people read them                                    [pure]
terms.py     which plan was in force when → spans of a month                   [pure]
rating.py    spans with what was metered, and credits → a bill                 [pure]
budget.py    how much of a spend cap a process may hold                        [pure]
recount.py   an issued invoice against the ledger                              [pure]
history.py   the spans of a tenant, and what they have cost so far
invoices.py  issue, list, mark paid or void
credits.py   grant, list
profiles.py  who pays
alerts.py    tell who pays, once a month each
budgets.py   set a cap; lease from it
"""
