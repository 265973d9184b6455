"""Put the stages together: documents through every stage that is missing, and a recipe from end to end.

``chain`` joins text stages, ``instances`` ends them in training instances, ``streaming`` does a chain
without a folder, ``recipe`` runs all of it.
"""
