"""How many votes an open proposal would take, before anybody approves it.

Read from the stores alone, with the code by which svc_consumer applies rulings.
"""
