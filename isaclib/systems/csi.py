"""Imperfect channel knowledge: what a designer takes for the channels."""

from __future__ import annotations

import numpy as np

from isaclib.systems.streams import Stream, Streams


def estimated(channels: np.ndarray, error_db: float, streams: Streams) -> np.ndarray:
    r"""Channels as an estimator of a given accuracy returns them.

    .. math:: \hat h_r = h_r + \sqrt{10^{E/10} \|h_r\|^2 / N}\; e_r, \qquad e_r \sim CN(0, I_N),

    so that E is the expected squared error relative to the channel, in dB, for every row by itself.

    Parameters
    ----------
    channels : ndarray of complex, shape (B, R, N)
        The true ones; rows are users, or antennas of a user.
    error_db : float
        E.
    streams : Streams
        Names the realisations; a further row or antenna leaves the errors of the others as they were.

    Returns
    -------
    ndarray of complex, shape (B, R, N)
    """
    _, rows, count = channels.shape
    error = np.stack([streams.complex_normal(Stream.CSI_ERROR, (count,), row) for row in range(rows)], axis=1)
    power = np.mean(np.abs(channels) ** 2, axis=-1, keepdims=True)
    return channels + np.sqrt(10.0 ** (error_db / 10.0) * power) * error
