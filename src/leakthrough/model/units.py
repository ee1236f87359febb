"""Factors to SI units: `30 * KM` is 30 km in metres, `180 * KM / HOUR` is 180 km/h in m/s."""

MINUTE = 60.0
"""One minute [s]."""
HOUR = 3_600.0
"""One hour [s]."""
DAY = 86_400.0
"""One day [s]."""
KM = 1_000.0
"""One kilometre [m]."""
