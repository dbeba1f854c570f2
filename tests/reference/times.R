# Reference values for Kaplan-Meier curves, restricted means, Cox's regression and the logit of the
# months at risk.
#
# Usage: Rscript tests/reference/times.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_times.py. See README.md for the definitions.

suppressMessages({
  library(survival)
  library(sandwich)
})

# 17 digits give every double back exactly. Lists and named vectors become objects.
to_json <- function(x, indent = "") {
  inner <- paste0(indent, "  ")
  if (is.list(x) || !is.null(names(x))) {
    values <- vapply(as.list(x), to_json, "", indent = inner)
    fields <- paste0(inner, "\"", names(x), "\": ", values, collapse = ",\n")
    return(paste0("{\n", fields, "\n", indent, "}"))
  }
  stopifnot(!anyNA(x), !is.numeric(x) || all(is.finite(x)))
  items <- if (is.character(x)) paste0("\"", x, "\"") else sprintf("%.17g", x)
  if (length(x) == 1) items else paste0("[", paste(items, collapse = ", "), "]")
}

horizons <- list(rossi = c(12, 26, 50), lung = c(6, 12, 24))

curve_of <- function(data, times) {
  fit <- survfit(Surv(month, y) ~ 1, data = data, conf.type = "log-log")
  robust <- survfit(Surv(month, y) ~ 1, data = data, cluster = cluster_site, robust = TRUE)
  at <- summary(fit, times = times, extend = TRUE)
  means <- vapply(times, function(t) {
    table <- summary(fit, rmean = t)$table
    c(table["rmean"], table["se(rmean)"])
  }, numeric(2))
  list(
    survival = at$surv, at_risk = at$n.risk, greenwood = at$std.err,
    lower = at$lower, upper = at$upper,
    cluster = summary(robust, times = times, extend = TRUE)$std.err,
    restricted_mean = means[1, ], restricted_mean_error = means[2, ]
  )
}

cox_of <- function(data, covariates) {
  formula <- reformulate(c("group", covariates), response = "Surv(month, y)")
  plain <- coxph(formula, data = data, ties = "efron", robust = FALSE)
  person <- coxph(formula, data = data, ties = "efron", robust = TRUE)
  site <- coxph(formula, data = data, ties = "efron", cluster = cluster_site)
  list(
    terms = names(coef(plain)), coefficients = unname(coef(plain)),
    log_likelihood = plain$loglik[2],
    model = unname(sqrt(diag(vcov(plain)))), hc0 = unname(sqrt(diag(vcov(person)))),
    cluster = unname(sqrt(diag(vcov(site))))
  )
}

# Months that share a hazard: a month joins those after it until the band has some events and not
# of all; what is left at the end joins the last band.
band_months <- function(data) {
  last <- max(data$month)
  bands <- integer(last + 1)
  band <- 0; events <- 0; risk <- 0
  for (m in 0:last) {
    bands[m + 1] <- band
    events <- events + sum(data$y[data$month == m])
    risk <- risk + sum(data$month >= m)
    if (events > 0 && events < risk) { band <- band + 1; events <- 0; risk <- 0 }
  }
  pmin(bands, max(band - 1, 0))
}

logit_of <- function(data, covariates, times) {
  bands <- band_months(data)
  rows <- rep(seq_len(nrow(data)), data$month + 1)
  long <- data[rows, ]
  long$m <- sequence(data$month + 1) - 1
  long$event <- as.integer(long$m == long$month & long$y == 1)
  long$band <- factor(bands[long$m + 1])
  formula <- reformulate(c("band", "group", covariates), response = "event")
  fit <- glm(formula, binomial, long, control = glm.control(epsilon = 1e-14, maxit = 100))
  hc1 <- vcovHC(fit, "HC0") * nrow(long) / (nrow(long) - length(coef(fit)))
  site <- vcovCL(fit, cluster = long$cluster_site, type = "HC0", cadjust = TRUE)
  # Everyone's months up to the horizon, as one of the group and as one of the others.
  difference <- function(beta, month) {
    full <- data[rep(seq_len(nrow(data)), each = month + 1), ]
    full$band <- factor(rep(bands[seq_len(month + 1)], nrow(data)), levels = levels(long$band))
    placed <- vapply(1:0, function(side) {
      full$group <- side
      index <- model.matrix(delete.response(terms(fit)), full) %*% beta
      left <- matrix(1 - plogis(index), nrow = month + 1)
      mean(1 - apply(left, 2, prod))
    }, 0)
    placed[1] - placed[2]
  }
  effects <- lapply(times, function(month) {
    beta <- coef(fit)
    gradient <- vapply(seq_along(beta), function(j) {
      h <- 1e-5; up <- beta; down <- beta
      up[j] <- up[j] + h; down[j] <- down[j] - h
      (difference(up, month) - difference(down, month)) / (2 * h)
    }, 0)
    c(difference(beta, month), sqrt(gradient %*% hc1 %*% gradient),
      sqrt(gradient %*% site %*% gradient))
  })
  effects <- do.call(rbind, effects)
  list(
    bands = bands, group = unname(coef(fit)["group"]), hc1 = sqrt(hc1["group", "group"]),
    cluster = sqrt(site["group", "group"]), difference = effects[, 1],
    difference_hc1 = effects[, 2], difference_cluster = effects[, 3]
  )
}

arguments <- commandArgs(trailingOnly = TRUE)
values <- list(header = list(
  command = "Rscript tests/reference/times.R DATA_DIR tests/reference/times.json",
  r = R.version.string, survival = as.character(packageVersion("survival")),
  sandwich = as.character(packageVersion("sandwich"))
))
for (name in names(horizons)) {
  data <- read.csv(file.path(arguments[1], paste0(name, ".csv")))
  covariates <- setdiff(names(data), c("month", "y", "group", "cluster_site"))
  data[covariates] <- lapply(data[covariates], factor)
  times <- horizons[[name]]
  values[[name]] <- list(
    horizons = times,
    group = curve_of(data[data$group == 1, ], times),
    reference = curve_of(data[data$group == 0, ], times),
    cox = cox_of(data, covariates),
    logit = logit_of(data, covariates, times)
  )
}
writeLines(to_json(values), arguments[2])
