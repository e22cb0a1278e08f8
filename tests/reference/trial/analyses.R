# Reference values of analyses of trials, from R's survival, cmprsk, coin, mvtnorm and rpact.
#
# Run in this folder: Rscript analyses.R
# It writes dataset-d.csv (drawn here) and analyses.json. R is not needed to run the tests.

suppressPackageStartupMessages({
  library(survival); library(cmprsk); library(coin); library(mvtnorm); library(rpact)
})

exact <- coxph.control(eps = 1e-11, toler.chol = 1e-12, iter.max = 50)
set.seed(20)
patients <- 150
lesions <- sample(1:3, patients, replace = TRUE, prob = c(0.6, 0.3, 0.1))
arm <- rep(0:1, length.out = patients)
stratum <- sample(0:2, patients, replace = TRUE)
age <- round(rnorm(patients, 62, 9))
frailty <- rgamma(patients, 2, 2)
death <- rexp(patients, 0.03)
censored <- runif(patients, 10, 40)
rows <- do.call(rbind, lapply(seq_len(patients), function(i) {
  hazard <- 0.03 * c(0.6, 1, 1.6)[stratum[i] + 1] * frailty[i] * ifelse(arm[i] == 1, 0.7, 1) *
    exp(0.02 * (age[i] - 62))
  failure <- rexp(lesions[i], hazard)
  end <- min(death[i], censored[i])
  time <- pmin(failure, end)
  cause <- ifelse(failure <= end, 1, ifelse(death[i] <= censored[i], 2, 0))
  data.frame(patient = i, segment = seq_len(lesions[i]), arm = arm[i], stratum = stratum[i],
             age = age[i], time = ceiling(2 * time) / 2, cause = cause)
}))
write.csv(rows, "dataset-d.csv", row.names = FALSE, quote = FALSE)
d <- read.csv("dataset-d.csv")
d$status <- as.integer(d$cause == 1)
out <- list(versions = as.list(sapply(
  c("survival", "cmprsk", "coin", "mvtnorm", "rpact"),
  function(p) as.character(packageVersion(p))
)))
out$versions$R <- R.version.string

# --- Cox and Fine-Gray ---------------------------------------------------------------------------
of <- function(fit, robust = FALSE) {
  list(log_ratio = unname(coef(fit)[1]), standard_error = sqrt(vcov(fit)[1, 1]))
}
for (ties in c("efron", "breslow")) {
  out[[paste0("cox_stratified_", ties)]] <-
    of(coxph(Surv(time, status) ~ arm + strata(stratum), d, ties = ties))
}
out$cox_stratified_robust <-
  of(coxph(Surv(time, status) ~ arm + strata(stratum), d, cluster = patient))
adjusted <- coxph(Surv(time, status) ~ arm + age + factor(stratum), d,
                  control = exact)
out$cox_adjusted <- list(coefficients = unname(coef(adjusted)),
                         standard_errors = unname(sqrt(diag(vcov(adjusted)))))
died <- coxph(Surv(time, cause == 2) ~ arm + age, d,
              control = exact)
out$cox_adjusted_death <- list(coefficients = unname(coef(died)),
                               standard_errors = unname(sqrt(diag(vcov(died)))))
# one ratio over strata that each have their own baseline and their own censoring; finegray breaks
# ties of events and censorings in another way than cmprsk, so nobody is tied here
apart <- d
apart$time <- d$time + 1e-4 * seq_len(nrow(d))
weighted <- do.call(rbind, lapply(split(apart, d$stratum), function(part) {
  part$state <- factor(part$cause, 0:2, c("censored", "event", "death"))
  long <- finegray(Surv(time, state) ~ ., data = part, etype = "event")
  long$stratum <- part$stratum[1]
  long
}))
out$fine_gray_stratified <- unname(coef(coxph(
  Surv(fgstart, fgstop, fgstatus) ~ arm + strata(stratum), weighted, weights = fgwt,
  ties = "breslow", control = exact
)))
plain <- crr(d$time, d$cause, cov1 = cbind(d$arm), gtol = 1e-12)
out$fine_gray <- list(log_ratio = unname(plain$coef), standard_error = sqrt(plain$var[1, 1]))

# --- log-rank tests ------------------------------------------------------------------------------
wanted <- list(c(0, 0), c(1, 0), c(0, 1), c(1, 1), c(0.5, 2))
terms <- function(d) {
  s <- survfit(Surv(time, status) ~ 1, d)
  both <- function(g) summary(survfit(Surv(time, status) ~ 1, d, subset = d$arm == g),
                              times = s$time, extend = TRUE)
  n1 <- sapply(s$time, function(t) sum(d$time >= t & d$arm == 1))
  d1 <- sapply(s$time, function(t) sum(d$time == t & d$status == 1 & d$arm == 1))
  n <- s$n.risk; e <- s$n.event
  list(before = c(1, head(s$surv, -1)), gap = d1 - e * n1 / n,
       spread = ifelse(n > 1, e * n1 / n * (1 - n1 / n) * (n - e) / (n - 1), 0))
}
scores <- function(d, pairs) {
  t <- terms(d)
  w <- sapply(pairs, function(p) t$before^p[1] * (1 - t$before)^p[2])
  list(score = colSums(w * t$gap), covariance = t(w) %*% (w * t$spread))
}
all <- scores(d, wanted)
out$fleming_harrington <- list(pairs = wanted, score = all$score, variance = diag(all$covariance))
out$survdiff_rho_1 <- survdiff(Surv(time, status) ~ arm, d, rho = 1)$chisq
# coin takes the same scores as ranks, with the variance of a permutation
out$coin_scores <- sapply(wanted, function(p) unname(statistic(logrank_test(
  Surv(time, status) ~ factor(arm, 1:0), data = d, ties.method = "average-scores",
  type = "Fleming-Harrington", rho = p[1], gamma = p[2]), "centered")[1]))
combo <- function(d) {
  s <- scores(d, wanted[1:4])
  z <- s$score / sqrt(diag(s$covariance))
  m <- max(abs(z))
  r <- cov2cor(s$covariance)
  beyond <- sapply(c(m, 1.5, 2, 2.5, 3), function(m) 1 - as.numeric(pmvnorm(
    rep(-m, 4), rep(m, 4), corr = r, algorithm = GenzBretz(maxpts = 5e7, abseps = 1e-7))))
  list(z = z, largest = m, covariance = s$covariance, reach = c(m, 1.5, 2, 2.5, 3), beyond = beyond)
}
set.seed(1)
out$max_combo <- combo(d)
out$max_combo_stratum_0 <- combo(d[d$stratum == 0, ])
first <- d[order(d$patient, d$time, match(d$cause, c(1, 2, 0))), ]
first <- first[!duplicated(first$patient), ]
out$first_event_chi_square <- survdiff(Surv(time, status) ~ arm, first)$chisq
out$first_event_gray <- unname(cuminc(first$time, first$cause, first$arm)$Tests[1, "stat"])
law <- 0.04 * d$time
one <- survdiff(Surv(time, status) ~ offset(exp(-law)), d)
out$one_sample <- list(hazard = 0.04, observed = one$obs, expected = one$exp, chi_square = one$chisq)

# --- clusters: how the estimates change with the weight of a patient, from survfit ------------------
d$state <- factor(d$cause, 0:2, c("censored", "event", "death"))
fits <- lapply(0:1, function(g) survfit(Surv(time, state) ~ 1, d[d$arm == g, ],
                                        id = seq_len(sum(d$arm == g)), influence = TRUE))
event <- which(fits[[1]]$states == "event")
grid <- sort(unique(d$time[d$cause == 1]))
read <- function(fit, values, t, first) {
  k <- findInterval(t, fit$time)
  if (k == 0) first else values[k]
}
influence_at <- function(fit, t) {  # of each subject on F(t)
  k <- findInterval(t, fit$time)
  if (k == 0) rep(0, dim(fit$influence.pstate)[1]) else fit$influence.pstate[, k + 1, event]
}
gray_parts <- function() {
  curve <- function(g, t) read(fits[[g]], fits[[g]]$pstate[, event], t, 0)
  alive <- function(g, t) read(fits[[g]], fits[[g]]$pstate[, 1], t, 1)
  small <- 1e-6
  exposed <- sapply(1:2, function(g) sapply(grid, function(t) {
    sum(d$time[d$arm == g - 1] >= t) * (1 - curve(g, t - small)) / alive(g, t - small)
  }))
  k <- exposed[, 1] * exposed[, 2] / rowSums(exposed)
  k[!is.finite(k)] <- 0
  score <- 0
  change <- numeric(nrow(d))
  for (g in 1:2) {
    f <- sapply(grid, function(t) curve(g, t)); before <- c(0, head(f, -1))
    steps <- f - before
    psi <- sapply(grid, function(t) influence_at(fits[[g]], t))
    psi_before <- cbind(0, psi[, -ncol(psi)])
    sign <- ifelse(g == 2, 1, -1)
    score <- score + sign * sum(k * steps / (1 - before))
    mine <- (psi - psi_before) %*% (k / (1 - before)) +
      psi_before %*% (k * steps / (1 - before)^2)
    change[d$arm == g - 1] <- sign * mine
  }
  list(score = score, variance_of_lesions = sum(change^2),
       variance_of_patients = sum(tapply(change, d$patient, sum)^2))
}
out$gray_influence <- gray_parts()
out$gray <- unname(cuminc(d$time, d$cause, d$arm)$Tests[1, "stat"])

marks <- c(6, 12, 24)
gaps <- sapply(marks, function(t) {
  read(fits[[2]], fits[[2]]$pstate[, event], t, 0) - read(fits[[1]], fits[[1]]$pstate[, event], t, 0)
})
psi <- sapply(marks, function(t) {
  change <- numeric(nrow(d))
  for (g in 1:2) change[d$arm == g - 1] <- ifelse(g == 2, 1, -1) * influence_at(fits[[g]], t)
  change
})
joint <- function(psi) {
  v <- t(psi) %*% psi; n <- nrow(psi); k <- length(marks)
  chi_square <- c(t(gaps) %*% solve(v, gaps))
  list(covariance = v, chi_square = chi_square,
       p_chi_square = pchisq(chi_square, k, lower.tail = FALSE),
       p_value = pf(chi_square * (n - k) / (k * (n - 1)), k, n - k, lower.tail = FALSE))
}
out$landmarks <- list(months = marks, values = gaps, lesions = joint(psi),
                      patients = joint(apply(psi, 2, function(x) tapply(x, d$patient, sum))))

# --- medians ---------------------------------------------------------------------------------------
out$medians <- list()
for (type in c("log", "log-log", "plain")) for (g in 0:1) for (what in c("any", "event")) {
  status <- if (what == "any") d$cause > 0 else d$cause == 1
  fit <- survfit(Surv(d$time, status) ~ 1, subset = d$arm == g, conf.type = type)
  for (p in c(0.5, 0.25)) {
    q <- quantile(fit, p)
    out$medians[[length(out$medians) + 1]] <- list(
      transform = type, arm = g, what = what, free = 1 - p,
      value = unname(q$quantile), lower = unname(q$lower), upper = unname(q$upper))
  }
}

# --- interim looks ---------------------------------------------------------------------------------
design <- getDesignGroupSequential(
  typeOfDesign = "asUser", userAlphaSpending = c(1e-12, 2e-12, 0.025), informationRates = c(1, 2, 3) / 3,
  alpha = 0.025, typeBetaSpending = "bsOF", beta = 0.2, bindingFutility = FALSE, sided = 1)
out$futility_only <- list(information = c(1, 2, 3) / 3, efficacy = design$criticalValues,
                          futility = design$futilityBounds)
fixed <- getDesignGroupSequential(kMax = 2, informationRates = c(0.5, 1), alpha = 0.025,
                                  typeOfDesign = "asUser", userAlphaSpending = c(1e-14, 0.025))
# conditional power of a trial of two stages that ends with z at the second critical value:
# the drift of the remaining stage is theta sqrt(n2)/2 with a standard deviation of 1 (two means)
cp <- function(z1, effect) {
  data <- getDataset(n1 = 50, n2 = 50, means1 = z1 * sqrt(2 / 50), means2 = 0, stDevs1 = 1, stDevs2 = 1)
  stage <- getStageResults(fixed, dataInput = data, stage = 1, normalApproximation = TRUE)
  power <- getConditionalPower(stage, nPlanned = 100, thetaH1 = effect, assumedStDev = 1)
  power$conditionalPower[2]
}
z1 <- c(-0.5, 0.3, 1.2, 2.1)
out$conditional_power <- list(
  z = z1, information = 0.5, final = fixed$criticalValues[2],
  drift = 0.4 * sqrt(100 / 2),
  at_drift = sapply(z1, cp, effect = 0.4),
  at_trend = sapply(z1, function(z) cp(z, z * sqrt(2 / 50))))

# --- single arms: Lee and Liu's predictive probability, by enumeration -------------------------------
predictive <- function(x, n, nmax, p0, theta, a, b) {
  y <- 0:(nmax - n)
  weight <- exp(lchoose(nmax - n, y) + lbeta(a + x + y, b + nmax - x - y) - lbeta(a + x, b + n - x))
  sum(weight * (pbeta(p0, a + x + y, b + nmax - x - y, lower.tail = FALSE) > theta))
}
lee_liu <- function(nmax, p0, p1, low, theta, a, b, first) {
  looks <- first:nmax
  stop_at <- sapply(looks, function(n) {
    good <- sapply(0:n, function(x) predictive(x, n, nmax, p0, theta, a, b))
    bad <- if (n < nmax) good < low else good < 0.5
    if (any(bad)) max(which(bad)) - 1 else -1
  })
  run <- function(p) {
    mass <- dbinom(0:first, first, p); expected <- 0; early <- 0
    for (i in seq_along(looks)) {
      n <- looks[i]
      stopped <- (0:n) <= stop_at[i]
      if (n < nmax) {
        early <- early + sum(mass[stopped]); expected <- expected + n * sum(mass[stopped])
        mass[stopped] <- 0
        mass <- c(mass * (1 - p), 0) + c(0, mass * p)
      } else {
        expected <- expected + n * sum(mass)
        accepted <- sum(mass[!stopped])
      }
    }
    list(accepted = accepted, expected = expected, early = early)
  }
  null <- run(p0); other <- run(p1)
  list(patients = nmax, p0 = p0, p1 = p1, futility = low, threshold = theta, prior = c(a, b),
       first = first, limits = stop_at, alpha = null$accepted, power = other$accepted,
       expected = null$expected, early = null$early)
}
out$lee_liu <- lee_liu(36, 0.2, 0.4, 0.001, 0.9, 0.2, 0.8, 10)
out$lee_liu_other <- lee_liu(30, 0.8, 0.95, 0.05, 0.9, 0.8, 0.2, 10)
out$predictive <- list(successes = 0:8, probability = sapply(
  0:8, function(x) predictive(x, 20, 36, 0.2, 0.9, 0.2, 0.8)))

writeLines(jsonlite::toJSON(out, digits = 12, auto_unbox = TRUE, pretty = TRUE, na = "string"),
           "analyses.json")
