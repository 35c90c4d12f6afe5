"""The operators' console, /admin/: every tenant's bookkeeping to see, and the verbs of `tenants/` to call.

reads    over the connection `operator`, whose role sees all of the control plane and changes nothing of it
changes  by the verbs, over the web's own connection and bound to the tenant concerned; never by a bare save
"""
