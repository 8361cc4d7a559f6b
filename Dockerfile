# Two stages: the first installs, the second runs what was installed, as an unprivileged user.
FROM python:3.12-slim AS build
WORKDIR /src
RUN python -m venv /opt/broadsheet
COPY requirements.lock ./
# The embedded servers are for one-command installs; in containers PostgreSQL and Redis are their own.
RUN /opt/broadsheet/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY service ./service
COPY tasks ./tasks
COPY email_templates ./email_templates
RUN /opt/broadsheet/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/broadsheet broadsheet
COPY --from=build /opt/broadsheet /opt/broadsheet
ENV PATH=/opt/broadsheet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BROADSHEET_DATA=/var/lib/broadsheet/data \
    LOG_FORMAT=json
RUN mkdir /var/lib/broadsheet/data && chown broadsheet /var/lib/broadsheet/data
USER broadsheet
WORKDIR /var/lib/broadsheet
VOLUME /var/lib/broadsheet/data
EXPOSE 8000
ENTRYPOINT ["broadsheet"]
CMD ["web", "--host", "0.0.0.0"]
