"""How people prove who they are: django-allauth, with our rules of sign-up, invitations, words and pages.

adapter.py         what allauth asks us: who may sign up, which addresses are proven, how e-mail goes out
forms.py           sign-up, for the invited address only where there is an invitation
invitations.py     the page that an invitation's link opens
invitation_mail.py the e-mail that brings it
second_factors.py  authenticator apps and recovery codes, encrypted at rest
sessions.py        one's own sessions: list, end one, end all
single_sign_on.py  OpenID Connect and SAML, from the environment
pages.py           what allauth has no page for
addresses.py       the address of somebody made by an operator counts as verified
"""
