"""The trion's Hamiltonian element by element, written anew:
numerical eigenvectors of the 2 x 2 bands, no tables, no symmetry.

Energies do not depend on the phases of the Bloch functions, which here are those of the diagonaliser.
"""

import numpy as np
from scipy.integrate import quad

E2 = 14.399645
#: a (Angstrom), t (eV), Delta (eV), 2 lambda (eV), chi (Angstrom)
MATERIALS = {
    "MoS2": (3.193, 1.10, 1.66, 0.15, 6.60),
    "MoSe2": (3.313, 0.94, 1.47, 0.18, 8.23),
    "WS2": (3.197, 1.37, 1.79, 0.43, 6.03),
    "WSe2": (3.310, 1.19, 1.60, 0.46, 7.18),
}


class Oracle:
    """The trion of three carriers, each (valley tau, spin s, "c" or "v"); `charge` -1 has two "c", +1 two "v"."""

    def __init__(self, material, N, k0, carriers, charge=-1):
        self.a, self.t, self.gap, self.splitting, self.chi = MATERIALS[material]
        self.N, self.k0, self.charge = N, k0, charge
        self.bands = [{k: self.band(k, *carrier) for k in self.points()} for carrier in carriers]
        self.identical = carriers[0] == carriers[1]
        self.area = np.sqrt(3) / 2 * self.a**2

    def points(self):
        reach = range(-self.N, self.N + 1)
        return [(i, j) for i in reach for j in reach if i * i + i * j + j * j <= 0.75 * (self.k0 * self.N) ** 2 + 1e-6]

    def vector(self, k):
        b1, b2 = 2 * np.pi / self.a * np.array([[1, 1 / np.sqrt(3)], [0, 2 / np.sqrt(3)]])
        return (k[0] * b1 + k[1] * b2) / self.N

    def band(self, k, valley, spin, kind):
        """Return energy from the band edge (a hole's for "v") and spinor."""
        x, y = self.vector(k)
        g = self.gap - self.splitting / 2 * valley * spin
        off = self.a * self.t * (valley * x - 1j * y)
        energy, spinors = np.linalg.eigh(np.array([[g / 2, off], [np.conj(off), -g / 2]]))
        return (energy[1] - g / 2, spinors[:, 1]) if kind == "c" else (-energy[0] - g / 2, spinors[:, 0])

    def w0(self):
        """Return the mean of W over the hexagonal cell around q = 0."""
        length, apothem = 2 * np.pi * self.chi, 2 * np.pi / np.sqrt(3) / (self.a * self.N)
        integral = quad(lambda angle: np.log(1 + length * apothem / np.cos(angle)), 0, np.pi / 6)[0]
        return 12 * 2 * np.pi * E2 / length * integral * self.N**2 * self.area / (2 * np.pi) ** 2

    def w(self, k, p):
        q = np.linalg.norm(self.vector((k[0] - p[0], k[1] - p[1])))
        return (2 * np.pi * E2 / (q * (1 + 2 * np.pi * self.chi * q)) if q > 1e-9 else self.w0()) / (
            self.N**2 * self.area
        )

    def overlap(self, carrier, k, p):
        """Return <k|p>; of a hole, <p|k>."""
        left, right = self.bands[carrier][k][1], self.bands[carrier][p][1]
        hole = (carrier == 2) == (self.charge < 0)
        return np.vdot(right, left) if hole else np.vdot(left, right)

    def pairs(self):
        points = set(self.points())
        return [(k, p) for k in sorted(points) for p in sorted(points) if (k[0] + p[0], k[1] + p[1]) in points]

    def matrix(self):
        """Return the Hamiltonian over ordered pairs; of identical carriers over pairs k1 < k2."""
        pairs = self.pairs()
        number = {pair: n for n, pair in enumerate(pairs)}
        w = {(k, p): self.w(k, p) for k in self.points() for p in self.points()}
        h = np.zeros((len(pairs),) * 2, complex)
        for (k1, k2), n in number.items():
            k3 = (k1[0] + k2[0], k1[1] + k2[1])
            h[n, n] += self.bands[0][k1][0] + self.bands[1][k2][0] + self.bands[2][k3][0]
            for p in self.points():
                new3, new2 = (p[0] + k2[0], p[1] + k2[1]), (k3[0] - p[0], k3[1] - p[1])
                if (p, k2) in number:
                    h[n, number[p, k2]] -= w[k1, p] * self.overlap(0, k1, p) * self.overlap(2, k3, new3)
                if (p, new2) in number:
                    h[n, number[p, new2]] += w[k1, p] * self.overlap(0, k1, p) * self.overlap(1, k2, new2)
                new3 = (k1[0] + p[0], k1[1] + p[1])
                if (k1, p) in number:
                    h[n, number[k1, p]] -= w[k2, p] * self.overlap(1, k2, p) * self.overlap(2, k3, new3)
        return self.antisymmetric(h, number) if self.identical else h

    @staticmethod
    def antisymmetric(h, number):
        kept = [n for (k, p), n in number.items() if k < p]
        exchanged = [number[p, k] for (k, p) in number if k < p]
        return h[np.ix_(kept, kept)] - h[np.ix_(kept, exchanged)]

    def energies(self):
        return np.linalg.eigvalsh(self.matrix())
