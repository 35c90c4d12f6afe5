"""An invoice as people read it: page.py (HTML), pdf.py, table.py (CSV); wording.py is what they share."""
