# Reference values for robustness values, bounds, E-values and weighted specifications.
#
# Usage: Rscript tests/reference/fragility.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.

suppressMessages({
  library(sandwich)
  library(clubSandwich)
})

to_json <- function(x, indent = "") {
  inner <- paste0(indent, "  ")
  if (is.list(x) || !is.null(names(x))) {
    values <- vapply(as.list(x), to_json, "", indent = inner)
    fields <- paste0(inner, "\"", names(x), "\": ", values, collapse = ",\n")
    return(paste0("{\n", fields, "\n", indent, "}"))
  }
  stopifnot(!anyNA(x), is.character(x) || all(is.finite(x)))
  items <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.17g", x)
  if (length(x) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

# ---- Shares of variance -----------------------------------------------------------------------

partial_r2 <- function(without, with) 1 - deviance(with) / deviance(without)

# The smallest r such that some confounder with shares of at most r, its share of the group being r,
# takes the distance of the estimate from zero down to what its test asks for. Found numerically:
# a fine search over the outcome's share inside, a root outside.
robustness <- function(estimate, classical, error, df, critical) {
  left <- function(r) {
    distance <- function(ry) {
      bias <- classical * sqrt(df) * sqrt(ry * r / (1 - r))
      wide <- error * sqrt((1 - ry) / (1 - r)) * sqrt(df / (df - 1))
      abs(estimate) - bias - critical * wide
    }
    best <- optimize(distance, c(0, r), tol = 1e-14)$objective
    min(best, distance(0), distance(r))
  }
  if (left(1e-14) <= 0) return(0)
  uniroot(left, c(1e-14, 1 - 1e-9), tol = 1e-15)$root
}

bounds <- function(model, treatment_model, data, variable, error, df, times) {
  drop <- function(fit) update(fit, as.formula(paste(". ~ . -", variable)), data = data)
  of_group <- partial_r2(drop(treatment_model), treatment_model)
  of_outcome <- partial_r2(drop(model), model)
  r2dz <- times * of_group / (1 - of_group)
  shared <- times * of_group^2 / ((1 - times * of_group) * (1 - of_group))
  r2yz <- ((sqrt(times) + sqrt(shared)) / sqrt(1 - shared))^2 * of_outcome / (1 - of_outcome)
  estimate <- coef(model)[["group"]]
  classical <- sqrt(vcov(model)["group", "group"])
  bias <- sqrt(r2yz * r2dz / (1 - r2dz)) * classical * sqrt(df)
  list(
    of_group = of_group, of_outcome = of_outcome,
    estimate = sign(estimate) * (abs(estimate) - bias),
    se = error * sqrt((1 - r2yz) / (1 - r2dz)) * sqrt(df / (df - 1))
  )
}

variance_values <- function(data, covariates, cluster, benchmark) {
  model <- lm(reformulate(c("group", covariates), "y"), data)
  treatment_model <- lm(reformulate(covariates, "group"), data)
  estimate <- coef(model)[["group"]]
  classical <- sqrt(vcov(model)["group", "group"])
  hc1 <- sqrt(vcovHC(model, "HC1")["group", "group"])
  small <- coef_test(model, vcovCR(model, cluster, "CR2"), coefs = "group")
  df <- df.residual(model)
  critical <- qt(.975, df - 1)
  list(
    estimate = estimate,
    partial_r2 = (estimate / classical)^2 / ((estimate / classical)^2 + df),
    robustness = robustness(estimate, classical, classical, df, 0),
    robustness_model = robustness(estimate, classical, classical, df, critical),
    robustness_hc1 = robustness(estimate, classical, hc1, df, critical),
    robustness_cr2 = robustness(estimate, classical, small$SE, df, qt(.975, small$df_Satt)),
    once_hc1 = bounds(model, treatment_model, data, benchmark, hc1, df, 1),
    twice_hc1 = bounds(model, treatment_model, data, benchmark, hc1, df, 2)
  )
}

# ---- Ratios of risks --------------------------------------------------------------------------

numeric_gradient <- function(f, at) {
  vapply(seq_along(at), function(i) {
    step <- 1e-5 * max(1, abs(at[i]))
    up <- down <- at
    up[i] <- at[i] + step
    down[i] <- at[i] - step
    (f(up) - f(down)) / (2 * step)
  }, 0)
}

ratio_values <- function(data, covariates) {
  model <- glm(reformulate(c("group", covariates), "y"), binomial, data,
               control = glm.control(epsilon = 1e-14, maxit = 50))
  one <- zero <- model.matrix(formula(model), data)
  one[, "group"] <- 1
  zero[, "group"] <- 0
  log_ratio <- function(b) log(mean(plogis(one %*% b)) / mean(plogis(zero %*% b)))
  gradient <- numeric_gradient(log_ratio, coef(model))
  n <- nrow(data)
  vcov_hc1 <- sandwich(model) * n / (n - length(coef(model)))
  error <- sqrt(drop(gradient %*% vcov_hc1 %*% gradient))
  ratio <- exp(log_ratio(coef(model)))
  limits <- exp(log(ratio) + c(-1, 1) * qnorm(.975) * error)
  e_value <- function(r) { r <- max(r, 1 / r); r + sqrt(r * (r - 1)) }
  nearest <- min(max(limits[1], 1), limits[2])
  list(ratio = ratio, log_error = error, e_value = e_value(ratio), e_interval = e_value(nearest))
}

# ---- Weighted specifications ------------------------------------------------------------------

# Every third row did not answer. Each side has its own logit of answering.
weighted_values <- function(data, adjusters, held) {
  data$answered <- as.integer(seq_len(nrow(data)) %% 3 != 0)
  data$weight <- NA_real_
  for (side in 0:1) {
    own <- data$group == side
    answering <- glm(reformulate(adjusters, "answered"), binomial, data[own, ],
                     control = glm.control(epsilon = 1e-14, maxit = 50))
    data$weight[own] <- 1 / fitted(answering)
  }
  told <- data[data$answered == 1, ]
  linear <- lm(reformulate(c("group", held), "y"), told, weights = weight)
  logit <- suppressWarnings(
    glm(reformulate(c("group", held), "y"), binomial, told, weights = weight,
        control = glm.control(epsilon = 1e-14, maxit = 50))
  )
  one <- zero <- model.matrix(formula(logit), told)
  one[, "group"] <- 1
  zero[, "group"] <- 0
  effect <- function(b) weighted.mean(plogis(one %*% b) - plogis(zero %*% b), told$weight)
  gradient <- numeric_gradient(effect, coef(logit))
  n <- nrow(told)
  vcov_hc1 <- sandwich(logit) * n / (n - length(coef(logit)))
  list(
    n = n,
    linear = list(
      estimate = coef(linear)[["group"]],
      se = sqrt(vcovHC(linear, "HC1")["group", "group"])
    ),
    logit = list(
      estimate = effect(coef(logit)),
      se = sqrt(drop(gradient %*% vcov_hc1 %*% gradient))
    )
  )
}

# ---- Main -------------------------------------------------------------------------------------

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
read_frame <- function(name, covariates) {
  data <- read.csv(file.path(arguments[1], paste0(name, ".csv")))
  data[covariates] <- lapply(data[covariates], function(x) {
    factor(x, levels = sort(unique(x), method = "radix"))
  })
  data
}
loan_covariates <- c("male", "married", "dep", "sch", "chist", "pubrec")
fair_covariates <- c("rate_marriage", "religious", "age", "educ")
loanapp <- read_frame("loanapp", loan_covariates)
fair <- read_frame("fair", fair_covariates)
values <- list(
  loanapp = list(
    variance = variance_values(loanapp, loan_covariates, loanapp$cluster_unem, "dep"),
    ratio = ratio_values(loanapp, loan_covariates),
    weighted = weighted_values(loanapp, c("male", "married"), "male")
  ),
  fair = list(
    variance = variance_values(fair, fair_covariates, fair$cluster_occupations, "age"),
    ratio = ratio_values(fair, fair_covariates),
    weighted = weighted_values(fair, c("religious", "educ"), "religious")
  )
)
header <- list(
  command = "Rscript tests/reference/fragility.R DATA_DIR tests/reference/fragility.json",
  R = R.version.string,
  sandwich = as.character(packageVersion("sandwich")),
  clubSandwich = as.character(packageVersion("clubSandwich"))
)
writeLines(to_json(c(list(header = header), values)), arguments[2])
