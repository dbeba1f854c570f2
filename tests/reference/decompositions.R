# Reference values for the linear decompositions of gaps: Kitagawa, Oaxaca-Blinder, Gelbach.
#
# Usage: Rscript tests/reference/decompositions.R DATA_DIR OUTPUT.json
# where DATA_DIR holds the files written by export_data.py. See README.md for the definitions.
#
# No package is used. Each decomposition is written down as a function of estimates whose
# influence functions come from lm; gradients and second derivatives are numeric.

options(digits = 17)

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

read_frame <- function(path) {
  data <- read.csv(path)
  covariates <- setdiff(names(data)[!startsWith(names(data), "cluster_")], c("y", "group"))
  # The sum contrast: coefficients of levels add up to zero, the last is minus the others' sum.
  data[covariates] <- lapply(data[covariates], function(x) {
    x <- factor(x, levels = sort(unique(x), method = "radix"))
    contrasts(x) <- contr.sum(nlevels(x))
    x
  })
  list(data = data, covariates = covariates)
}

# ---- Estimates with their influence functions ---------------------------------------------------

# Root of the factor for n rows and k coefficients: n/(n - k), or of clusters (n - 1)/(n - k), which
# G/(G - 1) is put to later.
small <- function(n, k, clustered) sqrt((n - clustered) / (n - k))

# Coefficients of all levels of all covariates, and each row's influence on them; the intercept
# first. `held` are variables that are in the regression but not returned.
all_levels <- function(data, covariates, keep, clustered, held = character()) {
  own <- data[keep, ]
  fit <- lm(reformulate(c(held, covariates), response = "y"), data = own)
  X <- model.matrix(fit)
  each <- matrix(0, nrow(data), ncol(X))
  each[keep, ] <- (X * residuals(fit)) %*% solve(crossprod(X))
  each <- each * small(nrow(own), ncol(X), clustered)
  assign <- attr(X, "assign")
  L <- matrix(0, 0, ncol(X))
  L <- rbind(L, as.numeric(colnames(X) == "(Intercept)"))
  for (name in covariates) {
    columns <- which(assign == match(name, c(held, covariates)))
    block <- matrix(0, length(columns) + 1, ncol(X))
    block[, columns] <- contr.sum(length(columns) + 1)
    L <- rbind(L, block)
  }
  list(value = drop(L %*% coef(fit)), each = each %*% t(L))
}

indicators <- function(data, covariates) {
  do.call(cbind, lapply(covariates, function(name) {
    outer(as.integer(data[[name]]), seq_len(nlevels(data[[name]])), "==") + 0
  }))
}

averages <- function(values, keep, clustered) {
  values <- as.matrix(values)
  n <- sum(keep)
  middle <- colMeans(values[keep, , drop = FALSE])
  each <- sweep(values, 2, middle) * keep / n * small(n, 1, clustered)
  list(value = middle, each = each)
}

# ---- Variance of a vector of functions of estimates ---------------------------------------------

# g'Vg + tr(HVHV)/2, exact for functions of the second degree in normal estimates.
second_order <- function(f, estimates, clusters = NULL) {
  z <- unlist(lapply(estimates, `[[`, "value"))
  each <- do.call(cbind, lapply(estimates, `[[`, "each"))
  if (!is.null(clusters)) each <- rowsum(each, clusters)
  V <- crossprod(each)
  if (!is.null(clusters)) V <- V * nrow(each) / (nrow(each) - 1)
  p <- length(z)
  # Functions of the second degree: any step gives exact derivatives, but for rounding.
  step <- 0.5
  at <- function(...) {
    moved <- z
    for (i in c(...)) moved[abs(i)] <- moved[abs(i)] + sign(i) * step
    f(moved)
  }
  ups <- lapply(seq_len(p), function(i) at(i))
  downs <- lapply(seq_len(p), function(i) at(-i))
  here <- f(z)
  m <- length(here)
  gradient <- vapply(seq_len(p), function(i) (ups[[i]] - downs[[i]]) / (2 * step), numeric(m))
  hessian <- array(0, c(m, p, p))
  for (i in seq_len(p)) {
    for (j in seq_len(i)) {
      second <- (at(i, j) - ups[[i]] - ups[[j]] + here) / step^2
      hessian[, i, j] <- second
      hessian[, j, i] <- second
    }
  }
  variance <- vapply(seq_len(m), function(k) {
    HV <- hessian[k, , ] %*% V
    drop(gradient[k, ] %*% V %*% gradient[k, ]) + sum(HV * t(HV)) / 2
  }, 0)
  list(estimate = unname(here), std_error = sqrt(variance))
}

# ---- Oaxaca-Blinder -----------------------------------------------------------------------------

# All parts of one method from the two means of y, the means of the levels, and coefficients.
# Order: explained, unexplained, explained by covariate, unexplained by covariate, of intercept.
twofold <- function(gap, mg, mr, bg, br, star, blocks) {
  explained <- (mg - mr) * star[-1]
  rest <- mg * (bg - star)[-1] + mr * (star - br)[-1]
  c(
    sum(explained), gap - sum(explained),
    vapply(blocks, function(b) sum(explained[b]), 0),
    vapply(blocks, function(b) sum(rest[b]), 0),
    bg[1] - br[1]
  )
}

# Order: the three whole parts, then by covariate those of each, the intercept after coefficients.
threefold <- function(gap, mg, mr, bg, br, blocks) {
  e <- (mg - mr) * br[-1]
  c <- mr * (bg - br)[-1]
  i <- (mg - mr) * (bg - br)[-1]
  by <- function(x) vapply(blocks, function(b) sum(x[b]), 0)
  c(sum(e), gap - sum(e) - sum(i), sum(i), by(e), by(c), bg[1] - br[1], by(i))
}

oaxaca_estimates <- function(frame, clustered = FALSE) {
  data <- frame$data
  group <- data$group == 1
  bg <- all_levels(data, frame$covariates, group, clustered)
  br <- all_levels(data, frame$covariates, !group, clustered)
  share <- mean(group)
  blend <- function(w) list(
    value = w * bg$value + (1 - w) * br$value, each = w * bg$each + (1 - w) * br$each
  )
  by_share <- blend(share)
  n <- nrow(data)
  by_share$each <- by_share$each +
    outer((group - share) / n, bg$value - br$value) * small(n, 1, clustered)
  levels <- indicators(data, frame$covariates)
  list(
    common = list(
      yg = averages(data$y, group, clustered), yr = averages(data$y, !group, clustered),
      mg = averages(levels, group, clustered), mr = averages(levels, !group, clustered),
      bg = bg, br = br
    ),
    star = list(
      oaxaca_0 = br, oaxaca_1 = bg, oaxaca_half = blend(0.5), oaxaca_share = by_share,
      oaxaca_pooled = all_levels(data, frame$covariates, rep(TRUE, n), clustered),
      oaxaca_pooled_group = all_levels(
        data, frame$covariates, rep(TRUE, n), clustered, held = "group"
      )
    )
  )
}

blocks_of <- function(frame) {
  sizes <- vapply(frame$covariates, function(name) nlevels(frame$data[[name]]), 0L)
  split(seq_len(sum(sizes)), factor(rep(frame$covariates, sizes), levels = frame$covariates))
}

oaxaca <- function(frame, clusters = NULL) {
  estimates <- oaxaca_estimates(frame, !is.null(clusters))
  blocks <- blocks_of(frame)
  K <- sum(lengths(blocks))
  take <- function(z) {
    sizes <- c(1, 1, K, K, K + 1, K + 1, rep(K + 1, length(z) > 2 + 2 * K + 2 * (K + 1)))
    parts <- split(z, rep(seq_along(sizes), sizes))
    names(parts) <- c("yg", "yr", "mg", "mr", "bg", "br", "star")[seq_along(sizes)]
    parts
  }
  two <- function(z) {
    p <- take(z)
    c(p$yg - p$yr, twofold(p$yg - p$yr, p$mg, p$mr, p$bg, p$br, p$star, blocks))
  }
  three <- function(z) {
    p <- take(z)
    c(p$yg - p$yr, threefold(p$yg - p$yr, p$mg, p$mr, p$bg, p$br, blocks))
  }
  values <- lapply(estimates$star, function(star) {
    second_order(two, c(estimates$common, list(star = star)), clusters)
  })
  values$oaxaca_threefold <- second_order(three, estimates$common, clusters)
  values
}

# Estimates alone, from rows drawn again, base R regressions on dummies.
redrawn <- function(frame, draws) {
  set.seed(4)
  n <- nrow(frame$data)
  results <- replicate(draws, {
    again <- frame
    again$data <- frame$data[sample(n, n, replace = TRUE), ]
    e <- oaxaca_estimates(again)
    v <- lapply(e$common, `[[`, "value")
    blocks <- blocks_of(again)
    unlist(c(
      lapply(e$star, function(star) {
        c(v$yg - v$yr, twofold(v$yg - v$yr, v$mg, v$mr, v$bg, v$br, star$value, blocks))
      }),
      list(c(v$yg - v$yr, threefold(v$yg - v$yr, v$mg, v$mr, v$bg, v$br, blocks)))
    ))
  })
  methods <- c(names(oaxaca_estimates(frame)$star), "oaxaca_threefold")
  two <- 3 + 2 * length(frame$covariates) + 1
  three <- 4 + 3 * length(frame$covariates) + 1
  split(unname(apply(results, 1, sd)),
        factor(rep(methods, c(rep(two, 6), three)), levels = methods))
}

# ---- Gelbach ------------------------------------------------------------------------------------

# For each focus variable: its base coefficient, explained, its full coefficient, by covariate.
gelbach <- function(frame, focus, clusters = NULL) {
  data <- frame$data
  # Numbers, so that each has one coefficient.
  held <- lapply(focus, function(name) as.integer(factor(data[[name]])) - 1)
  base <- cbind(1, do.call(cbind, held))
  inner <- frame
  inner$covariates <- setdiff(frame$covariates, focus)
  blocks <- blocks_of(inner)
  for (i in seq_along(focus)) inner$data[[paste0("focus", i)]] <- held[[i]]
  n <- nrow(data)
  slopes <- all_levels(
    inner$data, inner$covariates, rep(TRUE, n), !is.null(clusters),
    held = paste0("focus", seq_along(focus))
  )
  project <- base %*% solve(crossprod(base))
  scale <- small(n, ncol(base), !is.null(clusters))
  auxiliary <- function(values, place) {
    values <- as.matrix(values)
    gamma <- crossprod(project, values)
    each <- project[, place] * (values - base %*% gamma) * scale
    list(value = gamma[place, ], each = each)
  }
  levels <- indicators(inner$data, inner$covariates)
  K <- ncol(levels)
  values <- lapply(seq_along(focus), function(i) {
    f <- function(z) {
      parts <- z[2:(K + 1)] * z[(K + 3):(2 * K + 2)]
      c(z[1], sum(parts), z[1] - sum(parts), vapply(blocks, function(b) sum(parts[b]), 0))
    }
    second_order(
      f, list(auxiliary(data$y, i + 1), auxiliary(levels, i + 1), slopes), clusters
    )
  })
  full <- lm(
    reformulate(c(paste0("focus", seq_along(focus)), inner$covariates), response = "y"),
    data = inner$data
  )
  for (i in seq_along(focus)) {
    stopifnot(abs(coef(full)[[paste0("focus", i)]] - values[[i]]$estimate[3]) < 1e-10)
  }
  names(values) <- focus
  values
}

# ---- Kitagawa -----------------------------------------------------------------------------------

# Each side is a multinomial of pattern and outcome; parts are functions of its probabilities.
# Order: gap, explained, unexplained, matched, only group, only reference.
kitagawa <- function(frame, clusters = NULL) {
  data <- frame$data
  pattern <- factor(do.call(paste, data[frame$covariates]))
  kind <- as.integer(pattern) + nlevels(pattern) * data$y
  size <- 2 * nlevels(pattern)
  group <- data$group == 1
  common <- table(pattern, group)[, "TRUE"] > 0 & table(pattern, group)[, "FALSE"] > 0
  parts <- function(pg, pr) {
    side <- function(p) {
      share <- p[seq_len(size / 2)] + p[size / 2 + seq_len(size / 2)]
      rate <- ifelse(share > 0, p[size / 2 + seq_len(size / 2)] / share, 0)
      inside <- sum(share[common])
      list(
        s = ifelse(common, share / inside, 0), r = rate, all = sum(share * rate) / sum(share),
        kept = sum((share * rate)[common]) / inside
      )
    }
    g <- side(pg)
    r <- side(pr)
    composition <- sum((g$s - r$s) * (g$r + r$r) / 2)
    rates <- sum((g$s + r$s) / 2 * (g$r - r$r))
    own <- c(g$all - g$kept, r$kept - r$all)
    c(g$all - r$all, composition + sum(own), rates, composition, own)
  }
  p <- list(tabulate(kind[group], size) / sum(group), tabulate(kind[!group], size) / sum(!group))
  here <- parts(p[[1]], p[[2]])
  each <- matrix(0, nrow(data), length(here))
  lost <- numeric(length(here))
  for (s in 1:2) {
    keep <- if (s == 1) group else !group
    n <- sum(keep)
    # Derivatives at each kind that occurs, and its counterpart in outcome.
    gradient <- vapply(seq_len(size), function(k) {
      change <- function(h) {
        q <- p
        q[[s]][k] <- q[[s]][k] + h
        parts(q[[1]], q[[2]])
      }
      # A pattern nobody has stays without anybody.
      both <- p[[s]][k] + p[[s]][(k + size / 2 - 1) %% size + 1]
      if (both == 0) return(numeric(length(here)))
      h <- both * 1e-3
      four <- (8 * (change(h) - change(-h)) - (change(2 * h) - change(-2 * h))) / (12 * h)
      four
    }, here)
    own <- t(gradient)[kind[keep], ]
    each[keep, ] <- sweep(own, 2, colMeans(own)) / n * small(n, 1, !is.null(clusters))
    # What the squares of a pattern lack: HC2 in a pattern of n, the whole side's in one of one.
    counts <- tabulate(as.integer(pattern)[keep], size / 2)
    rate <- p[[s]][size / 2 + seq_len(size / 2)] * n / pmax(counts, 1)
    spread <- mean(data$y[keep]) * (1 - mean(data$y[keep])) * n / (n - 1)
    missing <- ifelse(counts == 1, spread, counts * rate * (1 - rate) / pmax(counts - 1, 1))
    slope <- (gradient[, size / 2 + seq_len(size / 2)] - gradient[, seq_len(size / 2)]) / n
    slope[, !common] <- 0
    # Whole rates, and a side's own patterns, don't rest on the rates of patterns.
    slope[c(1, 5, 6), ] <- 0
    # Of `explained`, only its matched part does.
    slope[2, ] <- slope[4, ]
    lost <- lost + drop(slope^2 %*% missing)
  }
  first <- if (is.null(clusters)) each else rowsum(each, clusters)
  factor <- if (is.null(clusters)) 1 else nrow(first) / (nrow(first) - 1)
  list(estimate = unname(here), std_error = unname(sqrt(factor * colSums(first^2) + lost)))
}

# ---- Output -------------------------------------------------------------------------------------

arguments <- commandArgs(trailingOnly = TRUE)
stopifnot(length(arguments) == 2)
loanapp <- read_frame(file.path(arguments[1], "loanapp.csv"))
fair <- read_frame(file.path(arguments[1], "fair.csv"))

values <- list(
  header = list(
    command = "Rscript tests/reference/decompositions.R DATA_DIR OUTPUT.json",
    R = R.version.string, draws = 2000
  ),
  loanapp = list(
    terms = loanapp$covariates,
    hc1 = c(oaxaca(loanapp), list(
      kitagawa = kitagawa(loanapp), gelbach = gelbach(loanapp, "group")$group
    )),
    cluster_unem = c(oaxaca(loanapp, loanapp$data$cluster_unem), list(
      kitagawa = kitagawa(loanapp, loanapp$data$cluster_unem),
      gelbach = gelbach(loanapp, "group", loanapp$data$cluster_unem)$group
    )),
    joint = gelbach(loanapp, c("group", "male")),
    joint_cluster_unem = gelbach(loanapp, c("group", "male"), loanapp$data$cluster_unem),
    bootstrap = redrawn(loanapp, 2000)
  ),
  fair = list(
    terms = fair$covariates,
    hc1 = list(kitagawa = kitagawa(fair), gelbach = gelbach(fair, "group")$group),
    cluster_occupations = list(
      kitagawa = kitagawa(fair, fair$data$cluster_occupations),
      gelbach = gelbach(fair, "group", fair$data$cluster_occupations)$group
    )
  )
)
writeLines(to_json(values), arguments[2])
