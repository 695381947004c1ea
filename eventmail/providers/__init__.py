"""Mail services: one adapter each, behind `base.Provider`. They know no tables."""
