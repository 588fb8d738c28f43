"""The real-time network: any style in one pass, without torch."""
