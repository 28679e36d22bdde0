"""The works that lab pages cite, and which of them a page does.

Not here: the pages; they cite as `Maas et al. 2011`, and a test finds what they cite and does not stand here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from recurra.report.blocks import Code
from recurra.report.page import Section

WORKS = {
    "Bengio & Senécal 2008": "Y. Bengio, J.-S. Senécal: Adaptive importance sampling to accelerate training of a "
    "neural probabilistic language model. IEEE Transactions on Neural Networks 19.",
    "Box & Jenkins 1976": "G. E. P. Box, G. M. Jenkins: Time series analysis, forecasting and control. Holden-Day.",
    "Cho et al. 2014": "K. Cho et al.: Learning phrase representations using RNN encoder–decoder for statistical "
    "machine translation. EMNLP.",
    "Elman 1990": "J. L. Elman: Finding structure in time. Cognitive Science 14.",
    "Gal & Ghahramani 2016": "Y. Gal, Z. Ghahramani: A theoretically grounded application of dropout in recurrent "
    "neural networks. NeurIPS.",
    "Gers et al. 2000": "F. A. Gers, J. Schmidhuber, F. Cummins: Learning to forget: continual prediction with LSTM. "
    "Neural Computation 12.",
    "Glorot & Bengio 2010": "X. Glorot, Y. Bengio: Understanding the difficulty of training deep feedforward neural "
    "networks. AISTATS.",
    "Hochreiter & Schmidhuber 1997": "S. Hochreiter, J. Schmidhuber: Long short-term memory. Neural Computation 9.",
    "Hyndman & Koehler 2006": "R. J. Hyndman, A. B. Koehler: Another look at measures of forecast accuracy. "
    "International Journal of Forecasting 22.",
    "Jean et al. 2015": "S. Jean et al.: On using very large target vocabulary for neural machine translation. ACL.",
    "Jozefowicz et al. 2015": "R. Jozefowicz, W. Zaremba, I. Sutskever: An empirical exploration of recurrent network "
    "architectures. ICML.",
    "Kingma & Ba 2015": "D. P. Kingma, J. Ba: Adam: a method for stochastic optimization. ICLR.",
    "Kneser & Ney 1995": "R. Kneser, H. Ney: Improved backing-off for m-gram language modeling. ICASSP.",
    "Maas et al. 2011": "A. L. Maas et al.: Learning word vectors for sentiment analysis. ACL.",
    "Merity et al. 2016": "S. Merity et al.: Pointer sentinel mixture models. arXiv 1609.07843.",
    "Miyato et al. 2017": "T. Miyato, A. M. Dai, I. Goodfellow: Adversarial training methods for semi-supervised text "
    "classification. ICLR.",
    "Pennington et al. 2014": "J. Pennington, R. Socher, C. D. Manning: GloVe: global vectors for word representation. "
    "EMNLP.",
    "Press & Wolf 2017": "O. Press, L. Wolf: Using the output embedding to improve language models. EACL.",
    "Saxe et al. 2014": "A. M. Saxe, J. L. McClelland, S. Ganguli: Exact solutions to the nonlinear dynamics of "
    "learning in deep linear neural networks. ICLR.",
    "Smith 2018": "L. N. Smith: A disciplined approach to neural network hyper-parameters. arXiv 1803.09820.",
    "Wang & Manning 2012": "S. Wang, C. D. Manning: Baselines and bigrams: simple, good sentiment and topic "
    "classification. ACL.",
}


def cited(sections: Sequence[Section]) -> tuple[str, ...]:
    """Return the works that the sections cite, in alphabetical order; what stands in code and samples cites nothing."""
    blocks = [asdict(block) for section in sections for block in section.blocks if not isinstance(block, Code)]
    for block in blocks:
        block.pop("svg", None)
    text = json.dumps(blocks, ensure_ascii=False, default=str)
    return tuple(f"{name}. {work}" for name, work in sorted(WORKS.items()) if name in text)
