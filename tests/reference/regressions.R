# Reference values for the regressions, the marginal effects and the small statistics.
#
# Usage: Rscript tests/reference/regressions.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.

suppressMessages({
  library(sandwich)
  library(clubSandwich)
})

# ---- JSON -----------------------------------------------------------------------------------

# jsonlite stops at 15 significant digits; 17 are needed to give every double back exactly.
# Lists and named vectors become objects, matrices arrays of rows, other vectors arrays.
to_json <- function(x, indent = "") {
  inner <- paste0(indent, "  ")
  if (is.list(x) || !is.null(names(x))) {
    values <- vapply(as.list(x), to_json, "", indent = inner)
    fields <- paste0(inner, "\"", names(x), "\": ", values, collapse = ",\n")
    return(paste0("{\n", fields, "\n", indent, "}"))
  }
  if (is.matrix(x)) {
    rows <- paste0(inner, apply(x, 1, to_json), collapse = ",\n")
    return(paste0("[\n", rows, "\n", indent, "]"))
  }
  stopifnot(!anyNA(x), !is.numeric(x) || all(is.finite(x)))
  items <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.17g", x)
  if (length(x) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

# ---- Data -----------------------------------------------------------------------------------

read_frame <- function(path) {
  data <- read.csv(path)
  is_cluster <- startsWith(names(data), "cluster_")
  covariates <- setdiff(names(data)[!is_cluster], c("y", "group"))
  # The radix order is that of the C locale: the reference level is the same everywhere.
  data[covariates] <- lapply(data[covariates], function(x) {
    factor(x, levels = sort(unique(x), method = "radix"))
  })
  clusters <- data[is_cluster]
  names(clusters) <- sub("^cluster_", "", names(clusters))
  list(
    data = data,
    clusters = clusters,
    formula = reformulate(c("group", covariates), response = "y")
  )
}

# All values are given as plain vectors in the order of `terms`.
export_vcov <- function(vcov, full) {
  values <- list(group_row = unname(vcov["group", ]), diagonal = unname(diag(vcov)))
  if (full) values$full <- matrix(vcov, nrow(vcov))
  values
}

# ---- CR2 ------------------------------------------------------------------------------------

# CR2 standard error and Satterthwaite degrees of freedom of one coefficient, straight from the
# definition with n x n matrices (Pustejovsky and Tipton 2018, identity working covariance).
naive_cr2 <- function(fit, cluster, term) {
  x <- model.matrix(fit)
  bread <- solve(crossprod(x))
  residual_maker <- diag(nrow(x)) - x %*% bread %*% t(x)
  weights <- drop(x %*% bread[, term])
  estimate_parts <- numeric()
  q <- NULL
  for (rows in split(seq_len(nrow(x)), cluster)) {
    eig <- eigen(residual_maker[rows, rows, drop = FALSE], symmetric = TRUE)
    # Moore-Penrose: the block is singular when the cluster holds all the rows of a term.
    power <- ifelse(eig$values > 1e-10, 1 / sqrt(pmax(eig$values, 1e-10)), 0)
    adjusted <- eig$vectors %*% (power * crossprod(eig$vectors, weights[rows]))
    estimate_parts <- c(estimate_parts, sum(adjusted * residuals(fit)[rows]))
    q <- cbind(q, residual_maker[, rows, drop = FALSE] %*% adjusted)
  }
  quadratic_form <- tcrossprod(q)
  c(se = sqrt(sum(estimate_parts^2)),
    df = sum(diag(quadratic_form))^2 / sum(quadratic_form^2))
}

cr2 <- function(fit, cluster, full) {
  vcov <- vcovCR(fit, cluster = cluster, type = "CR2")
  tests <- coef_test(fit, vcov = vcov, test = "Satterthwaite")
  limits <- conf_int(fit, vcov = vcov, level = 0.95, test = "Satterthwaite")
  naive <- naive_cr2(fit, cluster, "group")
  package <- unlist(tests[names(coef(fit)) == "group", c("SE", "df_Satt")])
  message(sprintf("  CR2, %d clusters: relative differences to the naive formulas %.1e and %.1e",
                  length(unique(cluster)), package[1] / naive["se"] - 1,
                  package[2] / naive["df"] - 1))
  stopifnot(all.equal(unname(naive), unname(package), tolerance = 1e-8))
  list(
    vcov = export_vcov(as.matrix(vcov), full),
    se = tests$SE,
    t = tests$tstat,
    df = tests$df_Satt,
    p = tests$p_Satt,
    lower_95 = limits$CI_L,
    upper_95 = limits$CI_U
  )
}

# ---- Linear probability model ---------------------------------------------------------------

two_way_name <- function(clusters) paste(names(clusters)[1:2], collapse = "+")

linear_model <- function(frame, full) {
  fit <- lm(frame$formula, data = frame$data)
  clusters <- frame$clusters
  export <- function(vcov) export_vcov(vcov, full)
  # G/(G-1) * (N-1)/(N-k). With two clusterings G/(G-1) goes to each of the three terms (the two
  # clusterings and, with the sign reversed, their intersection), and (N-1)/(N-k) to their sum.
  cr1 <- function(cluster) {
    export(vcovCL(fit, cluster = cluster, type = "HC1", cadjust = TRUE, multi0 = FALSE))
  }
  hc <- sapply(c("HC0", "HC1", "HC2", "HC3"), simplify = FALSE, FUN = function(type) {
    export(vcovHC(fit, type = type))
  })
  list(
    coefficients = unname(coef(fit)),
    vcov = c(
      list(classical = export(vcov(fit))),
      hc,
      list(
        CR1 = lapply(clusters, cr1),
        CR1_two_way = setNames(list(cr1(clusters[1:2])), two_way_name(clusters))
      )
    ),
    CR2 = lapply(clusters, function(cluster) cr2(fit, cluster, full))
  )
}

# ---- Logit ----------------------------------------------------------------------------------

# Variance of a mean with influence values `psi`, summed within clusters, times G/(G-1).
clustered_variance <- function(psi, cluster) {
  sums <- tapply(psi, cluster, sum)
  length(sums) / (length(sums) - 1) * sum(sums^2) / length(psi)^2
}

# Average over the rows with w = 1 of the change in probability as `group` goes from 0 to 1.
average_marginal_effect <- function(fit, vcovs, clusters, w) {
  x <- model.matrix(fit)
  n <- nrow(x)
  x1 <- replace(x, cbind(seq_len(n), match("group", colnames(x))), 1)
  x0 <- replace(x, cbind(seq_len(n), match("group", colnames(x))), 0)
  eta1 <- drop(x1 %*% coef(fit))
  eta0 <- drop(x0 %*% coef(fit))
  delta <- plogis(eta1) - plogis(eta0)
  share <- w / mean(w)
  ame <- mean(share * delta)
  gradient <- colMeans(share * (dlogis(eta1) * x1 - dlogis(eta0) * x0))

  # Covariates held fixed: only the coefficients vary.
  fixed <- rapply(vcovs, function(v) drop(gradient %*% v %*% gradient), how = "list")

  # Covariates drawn at random: the average itself varies too, through its influence values.
  eta <- drop(x %*% coef(fit))
  scores <- (fit$y - plogis(eta)) * x
  information <- crossprod(x, dlogis(eta) * x) / n
  psi_fixed <- drop(scores %*% solve(information, gradient))
  psi <- psi_fixed + share * (delta - ame)
  stopifnot(
    all.equal(sum(psi_fixed^2) / n^2, fixed$HC0, tolerance = 1e-8),
    all.equal(clustered_variance(psi_fixed, clusters[[1]]), fixed$cluster[[1]], tolerance = 1e-8)
  )
  intersection <- interaction(clusters[[1]], clusters[[2]], drop = TRUE)
  two_way <- clustered_variance(psi, clusters[[1]]) + clustered_variance(psi, clusters[[2]]) -
    clustered_variance(psi, intersection)
  random <- list(
    HC0 = sum(psi^2) / n^2,
    cluster = lapply(clusters, clustered_variance, psi = psi),
    cluster_two_way = setNames(list(two_way), two_way_name(clusters))
  )
  list(
    estimate = ame,
    gradient = unname(gradient),
    se_fixed = rapply(fixed, sqrt, how = "list"),
    se_random = rapply(random, sqrt, how = "list")
  )
}

logit_model <- function(frame, full) {
  # By default the iterations stop at a relative change of 1e-8, too early for references. And
  # glm keeps the weights of its last but one coefficients: the second call, which starts from
  # the solution, takes them (and so the covariances) at the solution itself.
  estimate <- function(start) {
    glm(frame$formula, data = frame$data, family = binomial(), start = start,
        control = glm.control(epsilon = 1e-14, maxit = 100))
  }
  fit <- estimate(coef(estimate(NULL)))
  stopifnot(fit$converged)
  clusters <- frame$clusters
  # G/(G-1) only, again for each of the three terms of the two-way covariance.
  clustered <- function(cluster) {
    vcovCL(fit, cluster = cluster, type = "HC0", cadjust = TRUE, multi0 = FALSE)
  }
  vcovs <- list(
    model = vcov(fit),
    HC0 = vcovHC(fit, type = "HC0"),
    HC1 = vcovHC(fit, type = "HC1"),
    cluster = lapply(clusters, clustered),
    cluster_two_way = setNames(list(clustered(clusters[1:2])), two_way_name(clusters))
  )
  list(
    coefficients = unname(coef(fit)),
    log_likelihood = as.numeric(logLik(fit)),
    vcov = rapply(vcovs, export_vcov, full = full, how = "list"),
    ame = list(
      all_rows = average_marginal_effect(fit, vcovs, clusters, rep(1, nrow(frame$data))),
      group_rows = average_marginal_effect(fit, vcovs, clusters, frame$data$group)
    )
  )
}

# ---- Small statistics -----------------------------------------------------------------------

wilson <- function(successes, trials, level) {
  test <- suppressWarnings(prop.test(successes, trials, conf.level = level, correct = FALSE))
  list(successes = successes, trials = trials, level = level,
       lower = test$conf.int[1], upper = test$conf.int[2])
}

wilson_intervals <- function() {
  cases <- data.frame(
    successes = c(0, 1, 5, 10, 3, 81, 263, 1200, 81),
    trials = c(10, 10, 10, 10, 47, 263, 263, 20000, 263),
    level = c(rep(0.95, 8), 0.9)
  )
  intervals <- Map(wilson, cases$successes, cases$trials, cases$level)
  sapply(names(intervals[[1]]), simplify = FALSE, FUN = function(field) {
    vapply(intervals, `[[`, 0, field)
  })
}

adjusted_p_values <- function() {
  raw <- c(0.012, 0.001, 0.04, 0.012, 0.5, 0.03, 0.04, 0.0004, 0.9, 0.012)
  list(raw = raw, holm = p.adjust(raw, "holm"), bh = p.adjust(raw, "BH"))
}

# ---- Run ------------------------------------------------------------------------------------

data_set <- function(data_dir, name, full) {
  message(name)
  frame <- read_frame(file.path(data_dir, paste0(name, ".csv")))
  list(
    n = nrow(frame$data),
    terms = colnames(model.matrix(frame$formula, frame$data)),
    clusters = lapply(frame$clusters, function(cluster) length(unique(cluster))),
    lpm = linear_model(frame, full),
    logit = logit_model(frame, full)
  )
}

arguments <- commandArgs(trailingOnly = TRUE)
if (length(arguments) != 2) stop("usage: Rscript regressions.R DATA_DIR OUTPUT.json")
packages <- c("sandwich", "clubSandwich")
reference <- list(
  header = list(
    command = "Rscript tests/reference/regressions.R DATA_DIR tests/reference/regressions.json",
    r = as.character(getRversion()),
    packages = sapply(packages, function(package) as.character(packageVersion(package)))
  ),
  loanapp = data_set(arguments[1], "loanapp", full = TRUE),
  fair = data_set(arguments[1], "fair", full = FALSE),
  wilson = wilson_intervals(),
  p_adjust = adjusted_p_values()
)
writeLines(to_json(reference), arguments[2])
