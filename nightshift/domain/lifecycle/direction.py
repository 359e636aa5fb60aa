"""Which way a metric is better, by the names that the field uses for it."""

import re

from nightshift.domain.lifecycle.metrics import METRICS
from nightshift.domain.response.alert import Direction


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HIGHER = _names(
    """
    accuracy acc balanced_accuracy top_k_accuracy hit_rate hits f1 f2 f05 fbeta f_beta f_measure precision recall
    sensitivity specificity selectivity tpr tnr ppv npv true_positive_rate true_negative_rate auc roc_auc auc_roc
    auroc pr_auc auc_pr auprc average_precision ap map mean_average_precision ndcg dcg mrr mean_reciprocal_rank
    mcc matthews_corrcoef kappa cohen_kappa gini lift r2 r_squared adjusted_r2 adj_r2 d2 explained_variance nse
    kge skill pearson pearsonr spearman spearmanr kendall iou mean_iou miou jaccard dice bleu rouge rouge_1
    rouge_2 rouge_l meteor exact_match silhouette psnr ssim throughput qps tps availability uptime
    """
)
_LOWER = _names(
    """
    rmse mse mae mape smape wape wmape mdape mase rmsse rmsle msle medae nrmse rae rse crps wis pinball deviance
    logloss log_loss nll cross_entropy loss brier ece error error_rate misclassification_rate fpr fnr
    false_positive_rate false_negative_rate eer perplexity wer cer fid latency response_time staleness
    """
)
# Words around a name that say on which data or how it was averaged, not what was measured.
_BEFORE = _names("val valid validation test train training eval evaluation holdout live prod production")
_BEFORE |= _names("p50 p90 p95 p99 online rolling hourly daily weekly monthly mean avg average micro macro weighted")
_AFTER = _BEFORE | _names("score scores samples binary ovr ovo at k ms seconds rps percent pct")

# What kind of measure the last word names, whatever stands before it: ``top_5_accuracy``, ``poisson_loss``.
_KINDS: dict[str, Direction] = {
    **dict.fromkeys(("accuracy", "precision", "recall", "auc", "f1"), "higher_is_better"),
    **dict.fromkeys(("loss", "error"), "lower_is_better"),
}
# Words that turn a measure round, or make it a difference: neither direction is certain.
_TURNED = _names("neg negative minus delta diff difference change drop decrease increase inverse loss error")
_SIGNED = frozenset({"mean_error", "mean_signed_error"})


def direction_of(metric: str) -> Direction | None:
    """The direction of a metric, whatever its case; None for a name that is not known.

    ``ROC-AUC``, ``val_f1_score``, ``precision@10`` and ``F1Score`` are known by ``roc_auc``, ``f1``, ``precision``
    and ``f1``. A name that negates (``neg_log_loss``) is not known: its figures are.
    """
    words = _words(metric)
    while words and "_".join(words) not in _SIGNED:
        name = "_".join(words)
        if name in METRICS:
            return "higher_is_better" if METRICS[name].higher_is_better else "lower_is_better"
        if name in _HIGHER:
            return "higher_is_better"
        if name in _LOWER:
            return "lower_is_better"
        if words[-1] in _AFTER or words[-1].isdigit():
            words = words[:-1]
        elif words[0] in _BEFORE:
            words = words[1:]
        else:
            return None if _TURNED & set(words[:-1]) or words[0].isdigit() else _KINDS.get(words[-1])
    return None


def _words(metric: str) -> list[str]:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", metric.replace("\N{SUPERSCRIPT TWO}", "2"))
    return [word for word in re.split(r"[^a-z0-9]+", parted.lower()) if word]
